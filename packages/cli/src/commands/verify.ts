import { tmpdir } from 'node:os'
import type { Verification } from '@kiln/factory/verify/verify'
import type { Command } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { formatBytes } from '../report/format.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'

interface VerifyCommandOptions extends OutputOptions {
  readonly checks?: boolean
}

export function addVerifyCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('verify')
    .summary('look at all of an artifact')
    .description(
      'Opens an ISO or a disk image and looks at all of it, by other code than wrote it: container, partition table and its ' +
        'backup, file systems, boot loaders, every file of the payload, the hash tree of the root, architectures. What it is ' +
        'shows its content, not its name. A build does the same. Exit code 0 where all is well, 5 where not.',
    )
    .argument(
      '<FILE>',
      'an ISO, or a disk: raw, raw.gz, qcow2, VHD, VMDK, OVA, tar.gz of Google Compute Engine',
    )
    .option('--checks', 'print each thing that was looked at')
    .addOption(jsonOption())
    .action(async (file: string, options: VerifyCommandOptions) => {
      done(await runCommand(session, options, () => verify(file, options)))
    })
  example(
    command,
    'kiln verify dist/kairos-debian-13-core-amd64-generic-v0.1.0.iso',
    'kiln verify --json disk.qcow2',
  )
}

async function verify(file: string, { checks: wantsChecks = false }: VerifyCommandOptions): Promise<Outcome> {
  const { requireFile, verificationError, verifyArtifactFile } = await import('@kiln/factory/verify/verify')
  await requireFile(file)
  const verification = await verifyArtifactFile(file, { scratch: tmpdir() })
  const error = verificationError(verification)
  const lines = [
    ...(wantsChecks ? checkLines(verification) : []),
    ...(error ? [] : [soundLine(verification)]),
  ]
  return { result: { valid: !error, ...verification }, lines, ...(error ? { error } : {}) }
}

function checkLines({ checks }: Verification): string[] {
  return checks.map(
    ({ place, what, problem }) => `${problem === undefined ? 'ok   ' : 'wrong'} ${place}: ${what}`,
  )
}

/** `dist/a.qcow2 is sound: qcow2, 1.6 GiB, my-system v1.0.0, payload sha256:…, 74 checks` */
export function soundLine({ file, format, diskBytes, payload, checks }: Verification): string {
  const facts = [
    format,
    ...(diskBytes === undefined ? [] : [formatBytes(diskBytes)]),
    ...(payload ? [`${payload.name} ${payload.version}`, `payload ${payload.digest}`] : []),
    `${checks.length} checks`,
  ]
  return `${file} is sound: ${facts.join(', ')}`
}

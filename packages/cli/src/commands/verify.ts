import { tmpdir } from 'node:os'
import { isKilnError } from '@kiln/contract'
import type { Verification } from '@kiln/factory/verify/verify'
import type { Command } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { formatBytes } from '../report/format.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'

interface VerifyCommandOptions extends OutputOptions {
  readonly checks?: boolean
  readonly policy?: string
}

export function addVerifyCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('verify')
    .summary('look at all of an artifact')
    .description(
      'Opens an ISO or a disk image and looks at all of it, by other code than wrote it: container, partition table and its ' +
        'backup, file systems, boot loaders, every file of the payload, the hash tree of the root, architectures. What it is ' +
        'shows its content, not its name. A build does the same. With --policy, the file has to be signed by whom the policy names, which ' +
        'is looked at first and needs no network; then it may be any file. Exit code 0 where all is well, 5 where not.',
    )
    .argument(
      '<FILE>',
      'an ISO, or a disk: raw, raw.gz, qcow2, VHD, VMDK, OVA, tar.gz of Google Compute Engine',
    )
    .option('--policy <file>', 'policy with the public keys, one of which must have signed the file')
    .option('--checks', 'print each thing that was looked at')
    .addOption(jsonOption())
    .action(async (file: string, options: VerifyCommandOptions) => {
      done(await runCommand(session, options, () => verify(file, options)))
    })
  example(
    command,
    'kiln verify dist/kairos-debian-13-core-amd64-generic-v0.1.0.iso',
    'kiln verify --policy policy.yaml dist/kairos-debian-13-core-amd64-generic-v0.1.0.iso',
    'kiln verify --json disk.qcow2',
  )
}

async function verify(
  file: string,
  { checks: wantsChecks = false, policy }: VerifyCommandOptions,
): Promise<Outcome> {
  const { requireFile, verificationError, verifyArtifactFile } = await import('@kiln/factory/verify/verify')
  await requireFile(file)
  const signature = policy === undefined ? undefined : await requireSigned(file, policy)
  const signed = signature ? signatureLines(file, signature) : []
  const verification = await verifyArtifactFile(file, { scratch: tmpdir() }).catch((error: unknown) => {
    // A signature can be of any file: of a checksum, of a bill of materials.
    if (signature && isKilnError(error) && error.code === 'E-ARTIFACT-UNKNOWN') return undefined
    throw error
  })
  if (!verification) return { result: { valid: true, file, ...signature }, lines: signed }
  const error = verificationError(verification)
  const lines = [
    ...signed,
    ...(wantsChecks ? checkLines(verification) : []),
    ...(error ? [] : [soundLine(verification)]),
  ]
  return { result: { valid: !error, ...verification, ...signature }, lines, ...(error ? { error } : {}) }
}

/** Before anything is read into: bytes of a stranger are not looked at closely. */
async function requireSigned(file: string, policyFile: string): Promise<Signed> {
  const { readPolicy, requireAttestations, requireSignature } = await import('@kiln/factory/sign/policy')
  const policy = readPolicy(policyFile)
  const signedBy = await requireSignature(file, policy)
  return { signedBy, attested: await requireAttestations(file, policy) }
}

interface Signed {
  readonly signedBy: string
  readonly attested: readonly string[]
}

function signatureLines(file: string, { signedBy, attested }: Signed): string[] {
  const claims = attested.length === 0 ? '' : `; attested: ${attested.join(', ')}`
  return [`${file} is signed by ${signedBy}${claims}`]
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

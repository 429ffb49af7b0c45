import type { BootVerdict } from '@kiln/factory/boot/artifact'
import type { Firmware } from '@kiln/factory/boot/firmware'
import type { Attachment } from '@kiln/factory/tools/qemu'
import type { GuestArchitecture } from '@kiln/factory/tools/qemu-machines'
import { type Command, Option } from 'commander'
import { ensureHostTools } from '../host-packages.ts'
import {
  collect,
  example,
  jsonOption,
  portOrAuto,
  progressOption,
  regularExpression,
  secondsToMs,
  wholeNumber,
  yesOption,
} from '../options.ts'
import type { Done } from '../program.ts'
import { formatDuration } from '../report/format.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../session.ts'

interface BootCommandOptions extends OutputOptions {
  readonly firmware: Firmware
  readonly arch?: GuestArchitecture
  readonly as?: Attachment
  readonly until?: RegExp
  readonly timeout?: number
  readonly serialLog?: string
  readonly sshPort?: number | 'auto'
  readonly keep?: boolean
  readonly gui?: boolean
  readonly disk?: readonly string[]
  readonly memory?: number
  readonly cpus?: number
  readonly accel?: 'auto' | 'kvm' | 'tcg'
  readonly yes?: boolean
}

export function addBootCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('boot')
    .summary('boot an artifact in a virtual machine')
    .description(
      'Boots an artifact in QEMU and says whether it came up: exit code 0 where it did, 8 where it failed, ' +
        '124 where the time ran out.',
    )
    .argument('<ARTIFACT>', 'the image to boot; it is never changed')
    .addOption(
      new Option(
        '--arch <name>',
        'architecture of the machine (default: that in the name of the artifact, else amd64)',
      ).choices(['amd64', 'arm64']),
    )
    .addOption(
      new Option('--firmware <kind>', 'firmware of the machine').choices(['uefi', 'bios']).default('uefi'),
    )
    .addOption(
      new Option('--as <kind>', 'how the artifact is attached (default: cd for an ISO, else disk)').choices([
        'cd',
        'usb',
        'disk',
      ]),
    )
    .option('--until <regex>', 'up once a line of the serial console matches', regularExpression)
    .option('--timeout <seconds>', 'how long it may take (default: 600)', secondsToMs)
    .option('--serial-log <file>', 'where to write the serial console (default: beside the artifact)')
    .option('--ssh-port <port>', 'port of 127.0.0.1 that leads to ssh in the machine, or auto', portOrAuto)
    .option('--keep', 'leave the machine running once it is up, until it ends or is interrupted')
    .option('--gui', 'show the screen in a window; implies --keep')
    .option('--disk <disk>', 'a further disk: an image, or a size such as 20G; repeatable', collect)
    .option('--memory <mib>', 'memory in MiB (default: 2048)', wholeNumber(128, 1_048_576))
    .option('--cpus <count>', 'number of processors (default: 2)', wholeNumber(1, 256))
    .addOption(
      new Option('--accel <kind>', 'KVM, or emulation: tcg').choices(['auto', 'kvm', 'tcg']).default('auto'),
    )
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (artifact: string, options: BootCommandOptions) => {
      done(
        await runCommand(session, options, async (context) => {
          const [{ requireArtifact }, { guestOf }, { bootPurposes }] = await Promise.all([
            import('@kiln/factory/boot/media'),
            import('@kiln/factory/boot/artifact'),
            import('@kiln/factory/boot/firmware'),
          ])
          await requireArtifact(artifact)
          await ensureHostTools(
            bootPurposes(options.arch ?? guestOf(artifact)),
            context,
            options.yes ?? false,
          )
          return bootOutcome(await bootAndWatch(artifact, options, context))
        }),
      )
    })
  example(
    command,
    'kiln boot dist/kairos-debian-13-core-amd64-generic-v0.1.0.iso --firmware bios',
    'kiln boot dist/kairos-debian-13-core-arm64-generic-v0.1.0.iso --timeout 1200',
    'kiln boot system.iso --ssh-port 2222 --keep --disk 20G',
  )
}

export async function bootAndWatch(
  artifact: string,
  options: Partial<BootCommandOptions>,
  { session, emit }: CommandContext,
): Promise<BootVerdict> {
  const [{ bootArtifact }, { parseDisk }] = await Promise.all([
    import('@kiln/factory/boot/artifact'),
    import('@kiln/factory/boot/media'),
  ])
  const keep = options.keep || options.gui || false
  let port: number | undefined
  return bootArtifact(
    {
      artifact,
      arch: options.arch,
      as: options.as,
      firmware: options.firmware ?? 'uefi',
      serialLog: options.serialLog,
      until: options.until,
      timeoutMs: options.timeout,
      keep,
      gui: options.gui,
      sshPort: options.sshPort,
      disks: (options.disk ?? []).map(parseDisk),
      memoryMiB: options.memory,
      cpus: options.cpus,
      accel: options.accel,
      signal: session.signal,
    },
    {
      emit,
      onStarted(machine) {
        port = machine.sshPort
      },
      onVerdict(verdict) {
        if (!keep) return
        const login = port === undefined ? '' : `; ssh -p ${port} USER@127.0.0.1`
        const state = verdict.outcome === 'up' ? upLine(verdict) : 'not up'
        emit({ event: 'notice', level: 'info', message: `${state}${login}; Ctrl-C stops it` })
      },
    },
  )
}

async function bootOutcome(verdict: BootVerdict): Promise<Outcome> {
  const { bootError } = await import('@kiln/factory/boot/artifact')
  const error = bootError(verdict)
  if (error) return { result: verdict, lines: [], error }
  return { result: verdict, lines: [upLine(verdict)] }
}

/** `up after 21.3 s (uefi): my-system v1.0.0, root verified, 0 failed units; serial console in dist/a.iso.uefi.log` */
export function upLine({ seconds, firmware, line, serialLog }: BootVerdict): string {
  const said = line?.match(/kiln: up: (.*?),? \S+ s since boot/)?.[1]
  const facts = said ? `: ${said}` : ''
  return `up after ${formatDuration(seconds * 1000)} (${firmware})${facts}; serial console in ${serialLog}`
}

/** What the command line of `kiln-agent install` says. */
export interface InstallOptions {
  /** Cloud-config to install with, instead of those of the medium: a file, or the address of one. */
  readonly config?: string
  readonly device?: string
  readonly source?: string
  /** Consent to erase the disk. */
  readonly yesErase: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly progress?: 'text' | 'json'
  readonly interactive: boolean
  /** Started by the system: does something only where a cloud-config or the kernel's command line says so. */
  readonly atBoot: boolean
  readonly end?: 'reboot' | 'poweroff' | undefined
}

export const installUsage = `kiln-agent install: puts this system, or another one, on a disk

  kiln-agent install [CLOUD-CONFIG] [options]

  --device DEVICE     disk to install to: a path, or auto for the largest one that may be taken
  --source REF        what to install; default: what is on the live medium
  --yes-erase         consent to erase the disk, where it is not empty
  --interactive       ask for everything on the terminal
  --dry-run           say what would be done, and do nothing
  --json              with --dry-run: as JSON
  --progress json     progress as JSON lines
  --reboot            restart when it is done
  --poweroff          power off when it is done

Everything else is said by the block install of the cloud-config: a file or an address. Without CLOUD-CONFIG, it is that of the
medium.
`

type Changes = { -readonly [K in keyof InstallOptions]?: InstallOptions[K] }

const flags: Readonly<Record<string, Changes>> = {
  '--yes-erase': { yesErase: true },
  '--dry-run': { dryRun: true },
  '--json': { json: true },
  '--interactive': { interactive: true },
  '--at-boot': { atBoot: true },
  '--reboot': { end: 'reboot' },
  '--poweroff': { end: 'poweroff' },
}

const valued: Readonly<Record<string, (value: string) => Changes | undefined>> = {
  '--device': (device) => ({ device }),
  '--source': (source) => ({ source }),
  '--progress': (value) => (value === 'json' || value === 'text' ? { progress: value } : undefined),
}

/** Reads the arguments. A text as the result says what is wrong with them. */
export function parseInstallOptions(args: readonly string[]): InstallOptions | string {
  const read: Changes = { yesErase: false, dryRun: false, json: false, interactive: false, atBoot: false }
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const problem = readArgument(arg, rest, read)
    if (problem !== undefined) return problem
  }
  const options = read as InstallOptions
  if (args.includes('--reboot') && args.includes('--poweroff'))
    return '--reboot and --poweroff exclude each other'
  if (options.json && !options.dryRun)
    return '--json belongs to --dry-run; for progress there is --progress json'
  if (options.interactive && options.progress === 'json')
    return '--interactive and --progress json exclude each other'
  return options
}

/** Takes one argument, and its value from the rest. */
function readArgument(arg: string, rest: string[], read: Changes): string | undefined {
  const [, name = arg, inline] = arg.match(/^(--[^=]+)=(.*)$/s) ?? []
  if (Object.hasOwn(flags, arg)) Object.assign(read, flags[arg])
  else if (Object.hasOwn(valued, name)) {
    const value = inline ?? rest.shift()
    const changes = value === undefined || value === '' ? undefined : valued[name]?.(value)
    if (!changes) return value === undefined ? `${name} needs a value` : `${name} cannot be "${value}"`
    Object.assign(read, changes)
  } else if (arg.startsWith('-')) return `unknown option "${arg}"`
  else if (read.config !== undefined) return `"${arg}" is one cloud-config too many`
  else read.config = arg
  return undefined
}

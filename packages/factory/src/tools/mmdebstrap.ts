import { KilnError } from '@kiln/contract'
import type { ResolvedArchive } from '../resolve/archive.ts'
import { run } from './process.ts'
import { unshareArguments } from './unshare.ts'

export interface BootstrapOptions {
  readonly archive: ResolvedArchive
  /** Debian's name of the architecture. */
  readonly arch: string
  readonly target: string
  readonly include?: readonly string[]
  /** Keep the package lists, so that later installs see the same state of the archive. */
  readonly keepLists?: boolean
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
  readonly onPercent: (percent: number) => void
}

/** What no immutable image needs: manuals, translations, everything under doc but the licences. */
const excludedPaths = [
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-include=/usr/share/locale/locale.alias',
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/lintian/*',
]

/** Bootstraps a Debian root file system into a folder: the essential packages, apt, and what is included. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { archive } = options
  // In namespaces of its own: if it is killed, its mounts and children go with it.
  const namespaces = unshareArguments({ network: true })
  await run('unshare', [...namespaces, 'mmdebstrap', ...bootstrapArguments(options)], {
    env: { SOURCE_DATE_EPOCH: String(archive.epoch) },
    input: sourcesList(archive),
    signal: options.signal,
    onLine: (line) => {
      options.onLine(line)
      const percent = line.match(/(\d+(?:\.\d+)?)%/)?.[1]
      if (percent) options.onPercent(Number(percent))
    },
    explain: explainApt,
  })
}

export function bootstrapArguments({
  archive,
  arch,
  target,
  include = [],
  keepLists = false,
}: BootstrapOptions): string[] {
  const [first] = archive.suites
  return [
    '--mode=root',
    '--variant=apt',
    '--format=directory',
    `--architectures=${arch}`,
    `--keyring=${archive.keyring.file}`,
    ...excludedPaths.map((option) => `--dpkgopt=${option}`),
    '--dpkgopt=force-unsafe-io',
    ...(include.length > 0 ? [`--include=${include.join(',')}`] : []),
    ...(keepLists ? ['--skip=cleanup/apt/lists'] : []),
    first?.suite ?? '',
    target,
    '-',
  ]
}

/** One-line sources, which every apt reads. */
export function sourcesList(archive: ResolvedArchive): string {
  return archive.suites
    .map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}\n`)
    .join('')
}

/** Turns apt's complaints into Kiln's. Shared by everything that runs apt. */
export function explainApt(output: string): KilnError | undefined {
  const unknown = unknownPackages(output)
  if (unknown.length > 0) {
    return new KilnError('E-PACKAGE-UNKNOWN', `the archive has no package ${unknown.join(', ')}`, {
      hint: 'check the spelling under packages: and kernel: in kiln.yaml',
      subjects: unknown,
      output,
    })
  }
  if (/NO_PUBKEY|is not signed|GPG error|signatures were invalid|no valid OpenPGP/i.test(output)) {
    return new KilnError('E-ARCHIVE-UNTRUSTED', 'the archive is not signed by a key of the keyring', {
      output,
      hint: 'check "keyring" and "mirror" in kiln.yaml',
    })
  }
  if (
    /Could not resolve|Failed to fetch|Connection failed|Could not connect|Temporary failure/i.test(output)
  ) {
    return new KilnError('E-MIRROR-UNREACHABLE', 'the mirror broke off', {
      output,
      hint: 'running the same command again is safe',
    })
  }
  return undefined
}

function unknownPackages(output: string): string[] {
  const complaints = [
    /^E: Unable to locate package (\S+)/gm,
    /^E: Package '(\S+)' has no installation candidate/gm,
  ]
  return complaints.flatMap((complaint) => [...output.matchAll(complaint)].map(([, name = '']) => name))
}

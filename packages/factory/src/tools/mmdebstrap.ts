import { KilnError } from '@kiln/contract'
import type { LockedArchive } from '../lock/lock.ts'
import { run } from './process.ts'
import { isolated } from './unshare.ts'

export interface BootstrapOptions {
  readonly suite: string
  /** Debian's name of the architecture. */
  readonly arch: string
  /** Folder with package files and their index: all that is taken. */
  readonly repository: string
  readonly target: string
  /** Seconds since 1970. */
  readonly epoch: number
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
  readonly onPercent: (percent: number) => void
}

/** What no immutable image needs: manuals, translations, everything under doc but the licences. Options of dpkg. */
export const excludedPaths = [
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-include=/usr/share/locale/locale.alias',
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/lintian/*',
]

/** Bootstraps a Debian root file system into a folder: the essential packages and apt. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  // In namespaces of its own: if it is killed, its mounts and children go with it.
  const namespaces = isolated({ network: false })
  await run('setpriv', [...namespaces, 'mmdebstrap', ...bootstrapArguments(options)], {
    env: { SOURCE_DATE_EPOCH: String(options.epoch) },
    signal: options.signal,
    onLine: (line) => {
      options.onLine(line)
      const percent = line.match(/(\d+(?:\.\d+)?)%/)?.[1]
      if (percent) options.onPercent(Number(percent))
    },
    explain: explainApt,
  })
}

type Arguments = Pick<BootstrapOptions, 'suite' | 'arch' | 'repository' | 'target'>

/** The repository is trusted, since each of its files was checked against the lock. */
export function bootstrapArguments({ suite, arch, repository, target }: Arguments): string[] {
  return [
    '--mode=root',
    '--variant=apt',
    '--format=directory',
    `--architectures=${arch}`,
    ...excludedPaths.map((option) => `--dpkgopt=${option}`),
    '--dpkgopt=force-unsafe-io',
    suite,
    target,
    `deb [trusted=yes] copy:${repository} ./`,
  ]
}

type Archive = Omit<LockedArchive, 'components'> & { readonly components: readonly string[] }

/** One-line sources, which every apt reads. */
export function sourcesList(
  archive: { readonly suites: readonly Readonly<Archive>[] },
  keyring?: string,
): string {
  const options = keyring === undefined ? '' : `[signed-by=${keyring}] `
  return archive.suites
    .map(({ uri, suite, components }) => `deb ${options}${uri} ${suite} ${components.join(' ')}\n`)
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

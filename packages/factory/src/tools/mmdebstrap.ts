import type { LockedArchive } from '../lock/lock.ts'
import { type Emulation, emulating, explainEmulation } from '../sandbox/emulation.ts'
import { explainApt } from './apt-complaints.ts'
import { run } from './process.ts'
import { isolated } from './unshare.ts'

export interface BootstrapOptions {
  readonly suite: string
  /** Debian's name of the architecture. */
  readonly arch: string
  /** Folder with package files and their index: all that is taken. */
  readonly repository: string
  readonly target: string
  /** Where the architecture is not this machine's. */
  readonly emulation?: Emulation | undefined
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
  const emulation = options.emulation ? [...emulating(options.emulation), ...ownProcesses] : []
  await run('setpriv', [...namespaces, ...emulation, 'mmdebstrap', ...bootstrapArguments(options)], {
    env: { SOURCE_DATE_EPOCH: String(options.epoch) },
    signal: options.signal,
    onLine: (line) => {
      options.onLine(line)
      const percent = line.match(/(\d+(?:\.\d+)?)%/)?.[1]
      if (percent) options.onPercent(Number(percent))
    },
    explain: (output) => explainEmulation(output) ?? explainApt(output),
  })
}

/** mmdebstrap mounts /proc, which is allowed only to the user namespace that the process namespace belongs to. */
const ownProcesses = ['unshare', '--mount', '--pid', '--fork', '--kill-child']

type Arguments = Pick<BootstrapOptions, 'suite' | 'arch' | 'repository' | 'target' | 'emulation'>

/** The repository is trusted, since each of its files was checked against the lock. */
export function bootstrapArguments({ suite, arch, repository, target, emulation }: Arguments): string[] {
  return [
    '--mode=root',
    '--variant=apt',
    '--format=directory',
    `--architectures=${arch}`,
    // It would look for an emulator that the machine knows, and there is one that only this namespace knows.
    ...(emulation ? ['--skip=check/qemu'] : []),
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

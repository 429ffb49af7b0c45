import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { listDistros, loadDefinition, planBuild } from '../packages/factory/src/index.ts'
import { machineDebianSources } from '../packages/factory/src/tools/apt.ts'
import { standIn } from '../packages/factory/src/tools/apt-solver.ts'
import { installByApt } from './host-programs.ts'
import { buildCommand } from './kiln.ts'
import { mustRun, say } from './measure.ts'
import { peerCommand } from './peers.ts'
import { checkout, empty, lastResult, storedObjects, type Workspace } from './workspace.ts'

/** Everything that is there before the measuring begins. */
export interface Prepared {
  readonly mirror: string
  /** What the image asks for, by name. */
  readonly packages: readonly string[]
  readonly kernelVersion: string
  readonly rootBytes: number
  readonly rootFiles: number
  /** Name → version of the peers' programs. */
  readonly versions: ReadonlyMap<string, string>
}

const hostPrograms = { '/usr/bin/time': 'time', '/usr/bin/mmdebstrap': 'mmdebstrap' }

/** What the peers need. They live in a root of their own, of the release that Kiln's toolchain is made of. */
const peerPackages = [
  ...['live-build', 'mkosi', 'dracut-core', 'mmdebstrap', 'rsync'],
  ...['squashfs-tools', 'xorriso', 'dosfstools', 'mtools', 'zstd', 'xz-utils', 'cpio', 'cryptsetup-bin'],
  ...[
    'grub-common',
    'grub-pc-bin',
    'grub-efi-amd64-bin',
    'grub-efi-ia32-bin',
    'grub-efi-amd64-signed',
    'shim-signed',
    'isolinux',
    'librsvg2-bin',
  ],
  ...['systemd', 'udev', 'systemd-boot-efi', 'systemd-repart', 'systemd-ukify', 'systemd-container'],
  ...['debian-archive-keyring', 'ca-certificates', 'fdisk', 'kmod', 'syslinux-common'],
]

const shownVersions = ['live-build', 'mkosi', 'dracut-core', 'mmdebstrap', 'squashfs-tools', 'xorriso']

export async function prepare(workspace: Workspace, quick: boolean): Promise<Prepared> {
  if (process.getuid?.() !== 0) throw new Error('the peers need root: run the benchmark as root')
  installHostPrograms()
  touchMemory()
  const { sources } = await machineDebianSources()
  const mirror = sources[0]?.uri
  if (mirror === undefined)
    throw new Error('the peers come from the mirror of a Debian machine; this is none')
  makePeers(workspace, mirror)
  const source = join(checkout, quick ? 'examples/debian' : 'bench/definition')
  for (const name of readdirSync(source).filter((candidate) => !['dist', 'kiln.lock'].includes(candidate))) {
    cpSync(join(source, name), join(workspace.definition, name), { recursive: true })
  }
  say('builds the definition with Kiln')
  mustRun(...asArguments(buildCommand(workspace)))
  const kernelVersion = String(lastResult(workspace, 'validate').facts.kernelVersion)
  unpackRoot(workspace)
  makeInitrd(workspace, kernelVersion)
  makeBootFiles(workspace)
  collectPackages(workspace)
  return {
    mirror,
    packages: await wantedPackages(workspace),
    kernelVersion,
    ...measureRoot(workspace),
    versions: new Map(shownVersions.map((name) => [name, versionOf(workspace, name)])),
  }
}

/** What a virtual machine uses for the first time it must get from its host, which the first contender would pay for. */
function touchMemory(): void {
  say('writes to the memory once')
  const file = '/dev/shm/kiln-bench'
  try {
    mustRun('sh', ['-euc', 'head -c "$2" /dev/zero > "$1"', 'sh', file, String(Math.floor(freemem() * 0.8))])
  } finally {
    rmSync(file, { force: true })
  }
}

function asArguments([program, ...args]: readonly [string, ...string[]]): [string, string[]] {
  return [program, args]
}

function installHostPrograms(): void {
  installByApt(Object.entries(hostPrograms).flatMap(([file, name]) => (existsSync(file) ? [] : [name])))
}

function makePeers({ peers }: Workspace, mirror: string): void {
  const note = join(peers, '.packages')
  const wanted = peerPackages.join('\n')
  if (existsSync(note) && readFileSync(note, 'utf8') === wanted) return
  say(`installs by apt into a root of its own: ${peerPackages.join(', ')}`)
  const part = `${peers}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  const include = `--include=${peerPackages.join(',')}`
  mustRun('mmdebstrap', ['--mode=root', '--variant=apt', include, 'trixie', part, mirror])
  rmSync(peers, { recursive: true, force: true })
  renameSync(part, peers)
  writeFileSync(note, wanted)
}

/** The root as Kiln converted it, in one folder; without device nodes, as in a container image: mkosi reads them as files. */
function unpackRoot(workspace: Workspace): void {
  say('unpacks the root')
  const layers = ['packages', 'convert'].map((kind) => join(lastResult(workspace, kind).folder, 'layer'))
  empty(workspace.work)
  empty(workspace.root)
  const script =
    'mount -t overlay -o "lowerdir=$2:$1" root "$3"; cp --archive "$3/." "$4/"; find "$4/dev" -mindepth 1 -delete'
  const [lower = '', upper = ''] = layers
  const args = ['--mount', 'sh', '-euc', script, 'sh', lower, upper, workspace.work, workspace.root]
  mustRun('unshare', args)
}

/** The peers find an initramfs in the root, as in the images that AuroraBoot is given. */
function makeInitrd(workspace: Workspace, kernelVersion: string): void {
  say('makes an initramfs by dracut, for the peers')
  empty(workspace.work)
  mustRun(...asArguments(peerCommand(workspace, 'ro', 'dracut.sh', kernelVersion)))
  copyFileSync(join(workspace.work, 'work/result'), join(workspace.root, `boot/initrd.img-${kernelVersion}`))
}

function makeBootFiles(workspace: Workspace): void {
  copyFileSync(join(workspace.definition, 'cloud-config.yaml'), join(workspace.boot, 'cloud-config.yaml'))
  empty(workspace.work)
  mkdirSync(join(workspace.boot, 'mkosi-packages'), { recursive: true })
  mustRun(...asArguments(peerCommand(workspace, 'ro', 'boot-files.sh')))
}

/** The package files that Kiln installs, as one archive for mmdebstrap. */
function collectPackages(workspace: Workspace): void {
  const target = join(workspace.boot, 'packages')
  empty(target)
  empty(workspace.work)
  const newest = (base: boolean) =>
    storedObjects(workspace).find(
      ({ kind, step }) =>
        kind === 'repository' && step !== 'toolchain/files' && step.endsWith('base-files') === base,
    )
  const archives = [newest(true), newest(false)].map((found) => join(found?.folder ?? '', 'repository'))
  const script = join(checkout, 'bench/peers/collect.sh')
  const control = standIn.replace(/^Status: .*\n/m, '')
  mustRun('sh', [script, target, join(workspace.work, 'stand-in'), ...archives], control)
}

async function wantedPackages(workspace: Workspace): Promise<string[]> {
  const definition = loadDefinition(workspace.definition, listDistros())
  const signal = new AbortController().signal
  const { build } = await planBuild({ definition, cacheFolder: workspace.cache, emit: () => {}, signal })
  const names = build.images[0]?.root.all.request.include ?? []
  return names.filter((name) => !name.startsWith('?'))
}

/** Reads the whole root, so that it is in memory for the first contender as for the last. */
function measureRoot({ root }: Workspace): { rootBytes: number; rootFiles: number } {
  const sizes = mustRun('find', [root, '-type', 'f', '-printf', '%s\\n'])
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
  mustRun('sh', ['-euc', 'find "$1" -type f -exec cat {} + > /dev/null', 'sh', root])
  return { rootBytes: sizes.reduce((sum, size) => sum + size, 0), rootFiles: sizes.length }
}

function versionOf({ peers }: Workspace, name: string): string {
  const [, version = ''] = mustRun('dpkg-query', [`--root=${peers}`, '--show', name])
    .trim()
    .split('\t')
  return version
}

import { readdirSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KilnError } from '@kiln/contract'
import { type Mount, runInSandbox } from '../sandbox/sandbox.ts'
import { explainTar, extractRootOptions, runtimeFolders } from '../tools/tar.ts'
import { type ContainerTools, toolsRoot, workFolder } from './container-tools.ts'

export interface UnpackOptions {
  readonly tools: ContainerTools
  /** `layers` know of deletions, a `tar` is one whole root. */
  readonly kind: 'layers' | 'tar'
  /** Lowest first. Layers are plain tar files, a tar may be packed. */
  readonly archives: readonly string[]
  /** New folder for the root. */
  readonly target: string
  /** Name of the base in errors. */
  readonly what: string
  readonly scratch: string
  readonly signal: AbortSignal
  readonly line: (text: string) => void
  readonly progress: (done: number, total: number | undefined, unit: 'items') => void
}

const script = fileURLToPath(new URL('unpack.sh', import.meta.url))

/**
 * Unpacks a root file system with owners, modes, links, attributes and capabilities; `/dev`, `/proc`, `/sys`, `/run` and
 * `/tmp` stay empty. Why not by umoci: the version of the toolchain's suite knows no layers packed by zstd, and stops at
 * device nodes where an ordinary user builds.
 * @throws KilnError E-BASE-UNKNOWN, E-PERMISSION for devices that only root can make, E-DISK-FULL
 */
export async function unpackRoot(options: UnpackOptions): Promise<void> {
  const { tools, kind, archives, target, what, scratch, signal } = options
  await makeRuntimeFolders(target)
  const inside = archives.map((_, index) => `${workFolder}/archives/${index}`)
  const mounts = archives.map(
    (source, index): Mount => ({ kind: 'file-ro', source, target: inside[index] ?? '' }),
  )
  const programs: Mount = { kind: 'bind-ro', source: toolsRoot(tools), target: `${workFolder}/tools` }
  const shell: Mount = { kind: 'file-ro', source: script, target: `${workFolder}/unpack.sh` }
  const sandbox = { root: { folder: target }, mounts: [programs, shell, ...mounts], scratch }
  let done = 0
  await runInSandbox(sandbox, [...loaderCommand(tools, 'bash'), `${workFolder}/unpack.sh`, kind, ...inside], {
    signal,
    env: { TOOLS: `${workFolder}/tools`, EXTRACT: extractRootOptions.join('\n') },
    onLine: (line) => {
      if (/^unpacked \d+$/.test(line)) options.progress(++done, archives.length, 'items')
      else options.line(line)
    },
    explain: (output) => (/^unshare: /m.test(output) ? undefined : explainTar(output, what)),
  })
}

/** Mount points for the sandbox, which the base's own folders of these names do not get into. */
async function makeRuntimeFolders(target: string): Promise<void> {
  await mkdir(target)
  await chmod(target, 0o755)
  for (const name of runtimeFolders) await mkdir(join(target, name))
}

/** A program of the container tools, for a root in which the paths of its libraries lead elsewhere. */
function loaderCommand(tools: ContainerTools, program: string): [string, ...string[]] {
  const libraries = join(toolsRoot(tools), 'usr/lib')
  for (const triplet of readdirSync(libraries).filter((name) => /-linux-gnu\w*$/.test(name))) {
    const loader = readdirSync(join(libraries, triplet)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name))
    if (!loader) continue
    const folder = `${workFolder}/tools/usr/lib/${triplet}`
    return [`${folder}/${loader}`, '--library-path', folder, `${workFolder}/tools/usr/bin/${program}`]
  }
  throw new KilnError('E-BUG', 'the container tools have no dynamic loader')
}

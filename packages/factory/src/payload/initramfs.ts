import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { constants, zstdCompressSync } from 'node:zlib'
import { architectureFacts, KilnError, parseOrThrow } from '@kiln/contract'
import * as z from 'zod'
import { kernelCandidates } from '../rootfs/checks.ts'
import { readInspection } from '../rootfs/inspect.ts'
import { layersOf } from '../rootfs/layers.ts'
import { readInRoot } from '../rootfs/read-root.ts'
import type { Executors, StepContext } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { targetRoot, toolchainSandbox } from '../toolchain/toolchain.ts'
import { type CpioEntry, writeCpio } from './cpio.ts'
import { type ModuleSelection, selectModules, unpackedPath } from './kernel-modules.ts'
import { libraryClosure } from './library-closure.ts'

const wantedFile = fileURLToPath(new URL('initramfs-modules.yaml', import.meta.url))
const initScript = fileURLToPath(new URL('../../../node/src/initramfs/init.sh', import.meta.url))

const WantedFile = z.strictObject({ always: z.array(z.string()), hardware: z.array(z.string()) })

/**
 * Level 9 in two threads: 36 MB become 10 MB in 0.4 s; level 12 takes twice as long for 1 % less. The number of threads is
 * fixed, so that the bytes do not depend on the machine.
 */
const compression = {
  [constants.ZSTD_c_compressionLevel]: 9,
  [constants.ZSTD_c_nbWorkers]: 2,
  [constants.ZSTD_c_checksumFlag]: 0,
}

/**
 * The initramfs, the same for every distribution: busybox, the agent, veritysetup with its libraries, and the kernel
 * modules that find the root. Leaves `initramfs` and, since it comes from the same kernel, `kernel`.
 */
export const makeInitramfs: Executors['initramfs'] = async (step, context) => {
  const { kernelVersion } = context.inputs.validate.facts
  const { readText } = await readInspection(context.inputs.validate.folder)
  const index = async (name: string) => await readText(`usr/lib/modules/${kernelVersion}/modules.${name}`)
  const [dep, alias, softdep, builtin] = await Promise.all(['dep', 'alias', 'softdep', 'builtin'].map(index))
  const { modules = [], arch } = step.params
  const wanted = parseOrThrow(WantedFile, readFileSync(wantedFile, 'utf8'), 'initramfs-modules.yaml').value
  const selection = selectModules(
    { dep: dep ?? '', alias: alias ?? '', softdep: softdep ?? '', builtin: builtin ?? '' },
    { ...wanted, hardware: [...wanted.hardware, ...modules] },
  )
  const taken = await takeFromRoot(kernelVersion, selection, context)
  const entries = [
    ...fixedEntries,
    ...programEntries(context, architectureFacts[arch].multiarch),
    ...moduleEntries(kernelVersion, selection, taken),
    text('etc/kiln/modules', selection.always.map((name) => `${name}\n`).join('')),
  ]
  const archive = writeCpio(entries, step.params.epoch)
  await writeFile(join(context.out, 'initramfs'), zstdCompressSync(archive, { params: compression }))
  return { facts: { kernelVersion, modules: selection.files.length } }
}

const fixedEntries: readonly CpioEntry[] = [
  ...['dev', 'proc', 'run', 'sys', 'sysroot', 'tmp'].map((path): CpioEntry => ({ kind: 'folder', path })),
  // The kernel opens this one before devtmpfs is mounted.
  { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
  // The kernel calls modprobe by this name, for example for the hash that dm-verity asks for.
  { kind: 'link', path: 'sbin/modprobe', target: '/bin/busybox' },
  { kind: 'link', path: 'bin/sh', target: '/bin/busybox' },
]

function programEntries(context: StepContext<'initramfs'>, libraryFolder: string): CpioEntry[] {
  const root = targetRoot(context.inputs)
  const read = (path: string) => readInRoot(root, path)
  const veritysetup = '/usr/sbin/veritysetup'
  const closure = libraryClosure(veritysetup, read, libraryFolder)
  const libraries = [...closure].filter(([path]) => path !== veritysetup)
  return [
    program('init', readFileSync(initScript)),
    program('bin/busybox', required(read, '/usr/bin/busybox')),
    program('bin/kiln-agent', readFileSync(join(context.inputs.agent.folder, 'kiln-agent'))),
    program('bin/veritysetup', required(read, veritysetup)),
    ...libraries.map(([path, content]) => program(path.slice(1), content)),
  ]
}

function required(read: (path: string) => Buffer | undefined, path: string): Buffer {
  const content = read(path)
  if (!content) throw new KilnError('E-BUG', `the toolchain has no ${path}`)
  return content
}

function moduleEntries(kernelVersion: string, selection: ModuleSelection, taken: string): CpioEntry[] {
  const folder = `lib/modules/${kernelVersion}`
  const files = selection.files.map(unpackedPath).map((path): CpioEntry => {
    return { kind: 'file', path: `${folder}/${path}`, content: readFileSync(join(taken, path)) }
  })
  return [
    ...files,
    text(`${folder}/modules.dep`, selection.dep),
    text(`${folder}/modules.alias`, selection.alias),
    text(`${folder}/modules.softdep`, selection.softdep),
  ]
}

function text(path: string, content: string): CpioEntry {
  return { kind: 'file', path, content: Buffer.from(content) }
}

function program(path: string, content: Uint8Array): CpioEntry {
  return { kind: 'file', path, content, executable: true }
}

/** Modules come packed by the distribution; the archive is packed as a whole, which is smaller. */
const takeScript = `
cd /run/work/root
for kernel in $KERNELS; do
  if [ -f ".$kernel" ]; then cp ".$kernel" /run/work/out/kernel; break; fi
done
cd "usr/lib/modules/$KERNEL_VERSION"
xargs cp --parents --target-directory=/run/work/modules
cd /run/work/modules
unpack() { find . -name "*.$1" -print0 | xargs -0 --no-run-if-empty --max-procs="$(nproc)" --max-args=8 -- "$2" "$3" "$4"; }
unpack xz xz --decompress --quiet
unpack zst zstd --decompress --rm
unpack gz gzip --decompress --quiet
`

/** Copies the kernel out and unpacks the selected modules; returns the folder they are in. */
async function takeFromRoot(
  kernelVersion: string,
  selection: ModuleSelection,
  context: StepContext<'initramfs'>,
): Promise<string> {
  const { packages, convert, toolchain } = context.inputs
  const modules = join(context.scratch, 'modules')
  await mkdir(modules)
  const sandbox = toolchainSandbox(toolchain, context.scratch, [
    { kind: 'tree-ro', layers: layersOf(packages, convert), target: '/run/work/root' },
    { kind: 'bind', source: context.out, target: '/run/work/out' },
    { kind: 'bind', source: modules, target: '/run/work/modules' },
  ])
  await runInSandbox(sandbox, ['sh', '-euc', takeScript], {
    env: { KERNEL_VERSION: kernelVersion, KERNELS: kernelCandidates(kernelVersion).join(' ') },
    input: selection.files.join('\n'),
    signal: context.signal,
  })
  return modules
}

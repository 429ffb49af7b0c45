import { chmod, copyFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, architectureFacts } from '@kiln/contract'
import type { Executors } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { targetRoot, toolchainSandbox } from '../toolchain/toolchain.ts'
import { bootCode, type GrubImage, grubImageArguments } from '../tools/grub.ts'
import { addonArguments, addonStubPath, bootLoaderPath, stubPath } from '../tools/ukify.ts'
import { diskGrubImage, liveGrubImage } from './grub-images.ts'
import { liveWords } from './live-words.ts'

/** Files of the step. Those in `installed` go with each payload: a node puts them on its own disk. */
export const bootLoaderFiles = {
  efi: 'systemd-boot.efi',
  /** What a UKI begins with, for who makes one again. */
  stub: 'linux.efi.stub',
  /** First sector of a BIOS disk, and what stands in its bios_grub partition. */
  biosBoot: 'grub-boot.img',
  biosCore: 'grub-core.img',
  liveAddon: 'live.addon.efi',
  liveBios: 'grub-eltorito.img',
} as const

export function installedBootLoaderFiles(arch: Architecture): string[] {
  const { efi, biosBoot, biosCore } = bootLoaderFiles
  return architectureFacts[arch].bios ? [efi, biosBoot, biosCore] : [efi]
}

/** The boot loaders, from the toolchain: the same for all images of an architecture. */
export const makeBootLoader: Executors['boot-loader'] = async ({ params }, context) => {
  const { out, scratch, inputs, line: onLine, signal } = context
  const { arch, epoch } = params
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'bind', source: out, target: '/run/work/out' },
    { kind: 'bind-ro', source: scratch, target: '/run/work/scratch' },
  ])
  const run = (argv: [string, ...string[]]) =>
    runInSandbox(sandbox, argv, { env: { SOURCE_DATE_EPOCH: String(epoch) }, onLine, signal })
  const root = targetRoot(inputs)
  const take = async (path: string, file: string) => {
    await copyFile(join(root, path), join(out, file))
    await chmod(join(out, file), 0o644)
  }
  const makeImage = async (image: GrubImage, file: string) => {
    const prelude = `${file}.cfg`
    await writeFile(join(scratch, prelude), image.prelude)
    await run(grubImageArguments(image, `/run/work/scratch/${prelude}`, `/run/work/out/${file}`))
  }
  await take(bootLoaderPath(arch), bootLoaderFiles.efi)
  await take(stubPath(arch), bootLoaderFiles.stub)
  await copyFile(join(root, addonStubPath(arch)), join(scratch, 'addon.stub'))
  await run(
    addonArguments({
      arch,
      stub: '/run/work/scratch/addon.stub',
      cmdline: liveWords.join(' '),
      target: `/run/work/out/${bootLoaderFiles.liveAddon}`,
    }),
  )
  if (architectureFacts[arch].bios) {
    await take(bootCode.disk, bootLoaderFiles.biosBoot)
    await makeImage(liveGrubImage, bootLoaderFiles.liveBios)
    await makeImage(diskGrubImage, bootLoaderFiles.biosCore)
  }
  for (const file of Object.values(bootLoaderFiles)) {
    await utimes(join(out, file), epoch, epoch).catch(ignoreMissing)
  }
  return { facts: { version: params.version } }
}

/** Not every architecture has all of them. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { listTree } from '../resolve/digest.ts'
import { layerOf } from '../rootfs/layers.ts'
import { readInRoot } from '../rootfs/read-root.ts'
import type { Executors, StepContext } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { extractArguments } from '../tools/dpkg-deb.ts'
import { type Board, deviceTreeFile } from './schema.ts'

/** Folder of the result: what goes onto the EFI partition for a board, before there is UEFI. */
export const boardFolder = 'efi'

/** Gathers what a board starts: firmware from Debian's packages, device trees of the image's kernel, and texts. */
export const makeBoardFiles: Executors['board'] = async ({ params }, context) => {
  const { board, epoch } = params
  const { kernelVersion } = context.inputs.validate.facts
  const unpacked = await unpackPackages(context)
  const put = async (path: string, content: string | Buffer) => {
    const target = join(context.out, boardFolder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content, { mode: 0o644 })
  }
  for (const [name, files] of Object.entries(board.firmware.packages))
    for (const [from, to] of Object.entries(files))
      await put(to, readInRoot(unpacked, from) ?? missing(board, `the package ${name} has no ${from}`))
  for (const tree of board['device-trees'])
    await put(
      deviceTreeFile(tree),
      deviceTree(layerOf(context.inputs.packages), kernelVersion, tree) ??
        missing(board, `the kernel ${kernelVersion} has no device tree ${tree}`),
    )
  for (const [path, text] of Object.entries(board.files)) await put(path, text)
  for (const { path } of (await listTree(context.out)).toReversed())
    await utimes(join(context.out, path), epoch, epoch)
  return { facts: {} }
}

/** Where a distribution keeps the device trees of a kernel. */
function deviceTree(root: string, kernelVersion: string, tree: string): Buffer | undefined {
  const folders = [
    `/usr/lib/linux-image-${kernelVersion}`,
    `/usr/lib/modules/${kernelVersion}/dtb`,
    `/boot/dtb-${kernelVersion}`,
  ]
  return folders.map((folder) => readInRoot(root, `${folder}/${tree}`)).find((found) => found !== undefined)
}

function missing({ board }: Board, what: string): never {
  throw new KilnError('E-BOARD-MISFIT', `${board}: ${what}`, {
    hint: `use the kernel of the distribution data, or mend boards/${board}.yaml`,
  })
}

/** Nothing is installed: no script of a package is run. */
async function unpackPackages(context: StepContext<'board'>): Promise<string> {
  const { inputs, scratch, signal, line: onLine } = context
  const unpacked = join(scratch, 'unpacked')
  await mkdir(unpacked)
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'bind-ro', source: join(inputs.repository.folder, 'repository'), target: '/run/work/repository' },
    { kind: 'bind', source: unpacked, target: '/run/work/unpacked' },
  ])
  await runInSandbox(sandbox, extractArguments('/run/work/repository', '/run/work/unpacked'), {
    signal,
    onLine,
  })
  return unpacked
}

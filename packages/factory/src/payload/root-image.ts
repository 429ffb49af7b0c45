import { stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { layersOf } from '../rootfs/layers.ts'
import type { Executors } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { mksquashfsArguments } from '../tools/mksquashfs.ts'
import { parseRootHash, verityBlock, verityFormatArguments } from '../tools/veritysetup.ts'

/** Measured, with the block size, in docs/decisions/0005: level 15 takes five times as long for 1 % less. */
const compressionLevel = 6

/** Packs the root once, for all carriers: squashfs, padded to whole blocks, with its hash tree behind it. */
export const makeRootImage: Executors['root-image'] = async (step, context) => {
  const { packages, convert, toolchain } = context.inputs
  const image = join(context.out, 'root.img')
  const sandbox = toolchainSandbox(toolchain, context.scratch, [
    { kind: 'tree-ro', layers: layersOf(packages, convert), target: '/run/work/root' },
    { kind: 'bind', source: context.out, target: '/run/work/out' },
  ])
  const run = (argv: [string, ...string[]]) =>
    runInSandbox(sandbox, argv, { onLine: context.line, signal: context.signal })

  const target = '/run/work/out/root.img'
  await run(
    mksquashfsArguments({
      source: '/run/work/root',
      target,
      epoch: step.params.epoch,
      level: compressionLevel,
    }),
  )
  const { size } = await stat(image)
  const hashOffset = Math.ceil(size / verityBlock) * verityBlock
  await truncate(image, hashOffset)
  const seed = await prefixedFileDigest(image)
  const { stdout } = await run(verityFormatArguments(target, hashOffset, seed))
  return { digest: await prefixedFileDigest(image), facts: { rootHash: parseRootHash(stdout), hashOffset } }
}

import { createHash } from 'node:crypto'
import { stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { hashRange } from '../resolve/digest.ts'
import { layersOf } from '../rootfs/layers.ts'
import type { Executors } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { mksquashfsArguments } from '../tools/mksquashfs.ts'
import { parseRootHash, verityBlock, verityFormatArguments } from '../tools/veritysetup.ts'

/** Measured, with the block size, in docs/decisions/0005. */
const compressionLevel = 2

export const rootImageFile = 'root.img'

/** Packs the root once, for all carriers: squashfs, padded to whole blocks, with its hash tree behind it. */
export const makeRootImage: Executors['root-image'] = async (step, context) => {
  const { packages, convert, toolchain } = context.inputs
  const image = join(context.out, rootImageFile)
  const sandbox = toolchainSandbox(toolchain, context.scratch, [
    { kind: 'tree-ro', layers: layersOf(packages, convert), target: '/run/work/root' },
    { kind: 'bind', source: context.out, target: '/run/work/out' },
  ])
  const run = (argv: [string, ...string[]]) =>
    runInSandbox(sandbox, argv, { onLine: context.line, signal: context.signal })

  const { epoch, cmdline } = step.params
  const target = `/run/work/out/${rootImageFile}`
  await run(mksquashfsArguments({ source: '/run/work/root', target, epoch, level: compressionLevel }))
  const hashOffset = Math.ceil((await stat(image)).size / verityBlock) * verityBlock
  await truncate(image, hashOffset)
  // What makes the payload stands for its content. Salt, and with it the root hash, are the same in each build, and others
  // for a payload that differs in nothing but its command line or boot files: a node keeps slots by root hash.
  const made = [packages.digest, convert.digest, toolchain.digest, ...cmdline]
  const seed = `${made.join('\0')}\0${epoch} ${hashOffset}`
  const hash = createHash('sha256')
  const [{ stdout }] = await Promise.all([
    run(verityFormatArguments(target, hashOffset, seed)),
    hashRange(hash, image, { end: hashOffset }),
  ])
  await hashRange(hash, image, { start: hashOffset })
  const digest = hash.digest('hex')
  const { size } = await stat(image)
  return {
    digest: `sha256:${digest}`,
    facts: { rootHash: parseRootHash(stdout), hashOffset, digest: `sha256:${digest}`, size },
    fileDigests: { [rootImageFile]: digest },
  }
}

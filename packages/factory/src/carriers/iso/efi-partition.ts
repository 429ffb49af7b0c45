import { createHash } from 'node:crypto'
import { stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, efiFallbackFile } from '@kiln/contract'
import { bootLoaderFiles } from '../../payload/boot-loader.ts'
import { listTree } from '../../resolve/digest.ts'
import { makeStaging, stageFile, stageText } from '../../rootfs/staging.ts'
import { enrolmentLine, stageEnrolment } from '../../secure-boot/enrolment.ts'
import type { Enrolment } from '../../secure-boot/resolve.ts'
import { makeFatEnvironment, makeFatScript } from '../../tools/mtools.ts'

/** Runs a program in the toolchain, where the working folder of the medium is `inside`. */
export interface MediumTools {
  readonly inside: string
  readonly run: (argv: [string, ...string[]], env?: Record<string, string>) => Promise<unknown>
}

export interface EfiPartitionOptions {
  readonly arch: Architecture
  /** Folder with systemd-boot and the addon. */
  readonly bootLoader: string
  readonly uki: { readonly source: string; readonly name: string }
  /** What makes this medium's identifiers its own. */
  readonly seed: string
  readonly enrolment: Enrolment | undefined
  readonly epoch: number
}

/**
 * Makes `efi.img` in the working folder: systemd-boot, the payload's UKI unchanged, and an addon that tells it where its
 * root is.
 */
export async function makeEfiPartition(
  work: string,
  options: EfiPartitionOptions,
  tools: MediumTools,
): Promise<void> {
  const { uki, bootLoader, enrolment, epoch } = options
  const folder = join(work, 'esp')
  const staging = await makeStaging(folder)
  await stageFile(staging, uki.source, `/EFI/Linux/${uki.name}`, 0o644)
  const config = `timeout 3\nconsole-mode keep\n${enrolmentLine(enrolment)}`
  await stageText(staging, '/loader/loader.conf', config)
  await stageEnrolment(staging, enrolment)
  const loader = `/EFI/BOOT/${efiFallbackFile(options.arch)}`
  const addon = `/EFI/Linux/${uki.name}.extra.d/${bootLoaderFiles.liveAddon}`
  await stageFile(staging, join(bootLoader, bootLoaderFiles.efi), loader, 0o644)
  await stageFile(staging, join(bootLoader, bootLoaderFiles.liveAddon), addon, 0o644)
  await fixTimes(folder, epoch)
  const volumeId = createHash('sha256').update(options.seed).digest('hex').slice(0, 8)
  const fat = {
    target: `${tools.inside}/efi.img`,
    label: 'EFI_LIVE',
    volumeId,
    source: `${tools.inside}/esp`,
  }
  const sizeMiB = await sizeInMiB(folder)
  await tools.run(['sh', '-euc', makeFatScript()], makeFatEnvironment({ ...fat, sizeMiB }, epoch))
}

/** FAT stores the times of files. */
async function fixTimes(folder: string, epoch: number): Promise<void> {
  for (const entry of (await listTree(folder)).toReversed())
    await utimes(join(folder, entry.path), epoch, epoch)
}

/** Content, a fiftieth for tables and clusters, and one MiB. */
async function sizeInMiB(folder: string): Promise<number> {
  const entries = await listTree(folder)
  const sizes = await Promise.all(entries.map(async ({ path }) => (await stat(join(folder, path))).size))
  return Math.ceil((sizes.reduce((sum, size) => sum + size, 0) * 1.02) / 2 ** 20) + 1
}

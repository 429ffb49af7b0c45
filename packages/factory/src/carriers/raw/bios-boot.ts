import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { biosSectorBytes, type DiskPlan, embedGrub, KilnError } from '@kiln/contract'
import { bootLoaderFiles } from '../../payload/boot-loader.ts'

/**
 * Puts GRUB on a disk image where BIOS starts it: its first sector, and the partition for the rest. The table of the disk is
 * in the first sector, too, and stays.
 * @param folder with GRUB's two images
 */
export async function writeBiosBoot(image: string, plan: DiskPlan, folder: string): Promise<void> {
  const partition = plan.partitions.find(({ role }) => role === 'bios')
  if (!partition) return
  const read = (file: string) => readFile(join(folder, file))
  const { biosBoot, biosCore } = bootLoaderFiles
  const images = { boot: await read(biosBoot), core: await read(biosCore) }
  const sectors = (bytes: number) => bytes / biosSectorBytes
  const { bootCode, core } = embedded(images, sectors(partition.start), sectors(partition.bytes))
  const disk = await open(image, 'r+')
  try {
    await disk.write(core, 0, core.length, partition.start)
    await disk.write(bootCode, 0, bootCode.length, 0)
  } finally {
    await disk.close()
  }
}

/** An update writes the next core beside this one, so that each has half of the partition. */
function embedded(images: Parameters<typeof embedGrub>[0], start: number, room: number) {
  try {
    return embedGrub(images, start, Math.floor(room / 2))
  } catch (cause) {
    throw new KilnError('E-BUG', `GRUB cannot be put on the disk: ${String(cause)}`, { cause })
  }
}

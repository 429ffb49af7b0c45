import { DiskError, type DiskPlan, KilnError, MiB, type Payload, roundUp } from '@kiln/contract'
import { type DiskWish, layOutDisk } from '../../definition/disk.ts'

/**
 * The layout of a disk image. Unless its size is wished, it is as small as it can be: it grows when it is first started.
 * @throws KilnError E-DISK-LAYOUT where it cannot be laid out as it is wished
 */
export function layOutImage(wish: DiskWish, payload: Payload): DiskPlan {
  try {
    const { root, uki } = payload
    return layOutDisk(wish, { rootBytes: root.size, bootBytes: uki.size })
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    throw new KilnError('E-DISK-LAYOUT', error.message, {
      hint: 'change the disk: of the image in kiln.yaml, or leave the size out to have it computed',
      cause: error,
    })
  }
}

/** Bytes of the file: whole MiB, as hypervisors and clouds want it. */
export function imageBytes(
  { minimumBytes }: DiskPlan,
  { bytes = minimumBytes }: Pick<DiskWish, 'bytes'> = {},
): number {
  return roundUp(bytes, MiB)
}

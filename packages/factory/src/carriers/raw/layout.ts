import { DiskError, type DiskPlan, KilnError, MiB, type Payload, roundUp, smallestDisk } from '@kiln/contract'
import type { DiskWish } from '../../definition/disk.ts'

/**
 * The layout of a disk image: as small as it can be, since it grows when it is first started.
 * @throws KilnError E-DISK-LAYOUT where it cannot be laid out as it is wished
 */
export function layOutImage(wish: DiskWish, payload: Payload): DiskPlan {
  try {
    const { root, uki } = payload
    return smallestDisk({ ...wish, payload: { rootBytes: root.size, bootBytes: uki.size } })
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    throw new KilnError('E-DISK-LAYOUT', error.message, {
      hint: 'change the disk: of the image in kiln.yaml, or leave the size out to have it computed',
      cause: error,
    })
  }
}

/** Bytes of the file: whole MiB, as hypervisors and clouds want it. */
export function imageBytes({ minimumBytes }: DiskPlan): number {
  return roundUp(minimumBytes, MiB)
}

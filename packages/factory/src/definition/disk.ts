import { DiskError, type DiskRequest, type Finding, parseSize, smallestDisk } from '@kiln/contract'
import type { DiskDefinition } from '@kiln/contract/definition'
import type { LoadedDefinition, LoadedImage } from './load.ts'

/** What a definition says of the disk of an image. Sizes in bytes. */
export type DiskWish = Pick<DiskRequest, 'firmware' | 'generations' | 'sizes' | 'extra'>

const unsaid: DiskDefinition = { generations: 2, extra: [] }

/** Fills in what the definition leaves open. */
export function diskWish({ disk = unsaid, arch }: Pick<LoadedImage, 'disk' | 'arch'>): DiskWish {
  const { firmware = arch === 'amd64' ? 'hybrid' : 'uefi', generations, efi, oem, state, persistent } = disk
  const sizes = Object.entries({ efi, oem, state, persistent }).flatMap(([role, size]) =>
    size === undefined ? [] : [[role, bytesOf(size)] as const],
  )
  return {
    firmware,
    generations,
    sizes: Object.fromEntries(sizes),
    extra: disk.extra.map(({ name, size, fs, label }) => ({
      name,
      bytes: bytesOf(size),
      fs,
      ...(label === undefined ? {} : { label }),
    })),
  }
}

/** The schema has seen to the form. */
function bytesOf(size: string): number {
  return parseSize(size) ?? 0
}

/** What no payload could be laid out with. Whether it fits the one that is built shows when it is known. */
export function diskFindings(loaded: LoadedDefinition, image: LoadedImage, index: number): Finding[] {
  if (!image.disk) return []
  try {
    smallestDisk({ ...diskWish(image), payload: { rootBytes: 1, bootBytes: 1 } })
    return []
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    return [
      { code: 'E-DISK-LAYOUT', message: error.message, place: loaded.placeOf(['images', index, 'disk']) },
    ]
  }
}

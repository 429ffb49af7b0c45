import {
  architectureFacts,
  DiskError,
  type DiskPlan,
  type DiskRequest,
  diskSizeProblem,
  type Finding,
  isDiskArtifact,
  parseSize,
  planDisk,
  smallestDisk,
} from '@kiln/contract'
import type { DiskDefinition } from '@kiln/contract/definition'
import type { LoadedDefinition, LoadedImage } from './load.ts'

/** What a definition says of the disk of an image. Sizes in bytes. */
export interface DiskWish extends Pick<DiskRequest, 'firmware' | 'generations' | 'sizes' | 'extra'> {
  /** Of the whole disk; without it, it is as small as it can be. */
  readonly bytes?: number
}

const unsaid: DiskDefinition = { generations: 2, extra: [] }

/** Fills in what the definition leaves open. */
export function diskWish({ disk = unsaid, arch }: Pick<LoadedImage, 'disk' | 'arch'>): DiskWish {
  const { firmware = architectureFacts[arch].bios ? 'hybrid' : 'uefi', generations, size } = disk
  const { efi, oem, state, persistent } = disk
  const sizes = Object.entries({ efi, oem, state, persistent }).flatMap(([role, wanted]) =>
    wanted === undefined ? [] : [[role, bytesOf(wanted)] as const],
  )
  return {
    firmware,
    generations,
    ...(size === undefined ? {} : { bytes: bytesOf(size) }),
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
  const wish = diskWish(image)
  const place = loaded.placeOf(['images', index, 'disk'])
  try {
    layOutDisk(wish, { rootBytes: 1, bootBytes: 1 })
    return sizeFindings(wish, loaded, index)
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    return [{ code: 'E-DISK-LAYOUT', message: error.message, place }]
  }
}

/** A size that somebody asked for is not rounded silently: a format or a cloud takes it, or it is an error. */
function sizeFindings({ bytes }: DiskWish, loaded: LoadedDefinition, index: number): Finding[] {
  if (bytes === undefined) return []
  const place = loaded.placeOf(['images', index, 'disk', 'size'])
  return [...new Set(loaded.definition.artifacts)].filter(isDiskArtifact).flatMap((kind): Finding[] => {
    const problem = diskSizeProblem(kind, bytes)
    return problem ? [{ code: 'E-DISK-SIZE', ...problem, place }] : []
  })
}

/** The layout of a disk of the wished size, or else of the smallest one. @throws DiskError */
export function layOutDisk({ bytes, ...wish }: DiskWish, payload: DiskRequest['payload']): DiskPlan {
  return bytes === undefined
    ? smallestDisk({ ...wish, payload })
    : planDisk({ ...wish, payload, diskBytes: bytes })
}

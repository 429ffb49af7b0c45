import {
  DiskError,
  type DiskPlan,
  type DiskRequest,
  type Payload,
  planDisk,
  sizeText,
  smallestDisk,
} from '@kiln/contract'
import type { Disk } from '../disk/devices.ts'
import { InstallError } from './error.ts'
import type { InstallSettings } from './settings.ts'

/** A disk that is asked for, before one is chosen. */
export type LayoutRequest = Omit<DiskRequest, 'diskBytes' | 'sectorBytes'>

/** What the disk has to hold, from the settings and the image. */
export function layoutRequest(
  settings: Pick<InstallSettings, 'keep' | 'sizes' | 'extra'>,
  payload: Payload,
  firmware: DiskRequest['firmware'],
): LayoutRequest {
  const { root, uki, kernel, initramfs } = payload
  return {
    firmware,
    payload: { rootBytes: root.size, bootBytes: Math.max(uki.size, kernel.size + initramfs.size) },
    generations: settings.keep,
    sizes: settings.sizes,
    extra: settings.extra,
  }
}

/**
 * The same request with sizes that are at least the least ones: the field raises what is too small, and so its files do
 * here, but never in silence.
 * @throws InstallError bad-layout
 */
export function raiseSizes(request: LayoutRequest): {
  readonly request: LayoutRequest
  readonly warnings: readonly string[]
} {
  const sizes: Record<string, number | undefined> = { ...request.sizes }
  const warnings: string[] = []
  for (const role of Object.keys(sizes)) {
    const asked = sizes[role]
    const least = asked === undefined ? undefined : tooLittle({ ...request, sizes: { [role]: asked } })
    if (asked === undefined || least === undefined) continue
    warnings.push(`${role}: ${sizeText(asked)} are too little, it gets ${sizeText(least)}`)
    sizes[role] = least
  }
  return { request: { ...request, sizes }, warnings }
}

function tooLittle(request: LayoutRequest): number | undefined {
  try {
    smallestDisk(request)
    return undefined
  } catch (error) {
    if (error instanceof DiskError && error.problem.kind === 'size-below-minimum') return error.problem.least
    throw explain(error)
  }
}

/** Bytes of the smallest disk that will do. @throws InstallError bad-layout */
export function leastBytes(request: LayoutRequest): number {
  try {
    return smallestDisk(request).minimumBytes
  } catch (error) {
    throw explain(error)
  }
}

/** @throws InstallError disk-too-small, bad-layout */
export function layoutOf(request: LayoutRequest, disk: Disk): DiskPlan {
  const sectorBytes = disk.sectorBytes === 4096 ? 4096 : 512
  try {
    return planDisk({ ...request, diskBytes: disk.bytes, sectorBytes })
  } catch (error) {
    throw explain(error, disk)
  }
}

function explain(error: unknown, disk?: Disk): unknown {
  if (!(error instanceof DiskError)) return error
  const reason = error.problem.kind === 'too-small' ? 'disk-too-small' : 'bad-layout'
  return new InstallError(reason, `${disk ? `${disk.path}: ` : ''}${error.message}.`, error)
}

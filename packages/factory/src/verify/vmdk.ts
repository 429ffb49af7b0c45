import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { type Bytes, Unreadable } from './bytes.ts'
import { mapped } from './mapped.ts'

const unpack = promisify<Buffer, Buffer>(inflate)
const sector = 512
const tableEntries = 512
const markers = { end: 0, directory: 2, footer: 3 } as const

/**
 * The disk in a stream-optimised VMDK. Source: VMware, Virtual Disk Format 5.0; numbers are little-endian, places are sectors.
 * @throws Unreadable
 */
export async function openVmdk(file: Bytes): Promise<Bytes> {
  const header = await file.read(0, sector)
  const descriptor = (await file.read(number(header, 28) * sector, number(header, 36) * sector))
    .toString('latin1')
    .replace(/\0.*$/s, '')
  const capacity = number(header, 12)
  const type = descriptor.match(/^createType="(.+)"$/m)?.[1]
  if (type !== 'streamOptimized')
    throw new Unreadable(`it is of type ${type ?? 'unknown'}, not stream-optimised`)
  const extent = Number(descriptor.match(/^RW (\d+) SPARSE "[^"]+"$/m)?.[1])
  if (extent !== capacity)
    throw new Unreadable(`its descriptor says ${extent} sectors, and its header ${capacity}`)
  if (!/^CID=[0-9a-f]{8}$/m.test(descriptor)) throw new Unreadable('its descriptor has no content id')
  const footer = await readFooter(file, header)
  const grainSectors = number(footer, 20)
  const grainBytes = grainSectors * sector
  const grains = await readDirectory(file, number(footer, 56), Math.ceil(capacity / grainSectors))
  return mapped(capacity * sector, grainBytes, (index) => {
    const place = grains.get(index)
    return place === undefined ? undefined : readGrain(file, place, index * grainSectors, grainBytes)
  })
}

/** The last three sectors: a marker, the footer, the end. */
async function readFooter(file: Bytes, header: Buffer): Promise<Buffer> {
  const tail = await file.read(file.size - 3 * sector, 3 * sector)
  const [marker, footer, end] = [0, 1, 2].map((index) => tail.subarray(index * sector, (index + 1) * sector))
  if (!marker || !footer || !end || file.size % sector !== 0)
    throw new Unreadable('it is not of whole sectors')
  if (marker.readUInt32LE(12) !== markers.footer) throw new Unreadable('it has no footer')
  if (end.some((byte) => byte !== 0)) throw new Unreadable('it does not end as it must')
  // Only the place of the directory differs.
  const same = [header, footer].map((each) => Buffer.concat([each.subarray(0, 56), each.subarray(64)]))
  if (!same[0]?.equals(same[1] ?? Buffer.alloc(0))) throw new Unreadable('its footer differs from its header')
  return footer
}

/** Grain → sector of its marker. */
async function readDirectory(file: Bytes, at: number, count: number): Promise<Map<number, number>> {
  const marker = await file.read((at - 1) * sector, sector)
  if (marker.readUInt32LE(12) !== markers.directory) throw new Unreadable('its footer leads to no directory')
  const directory = await file.read(at * sector, Math.ceil(count / tableEntries) * 4)
  const grains = new Map<number, number>()
  for (let index = 0; index < directory.length / 4; index++) {
    const place = directory.readUInt32LE(index * 4)
    if (place === 0) continue
    const table = await file.read(place * sector, tableEntries * 4)
    for (let entry = 0; entry < tableEntries; entry++) {
      const grain = table.readUInt32LE(entry * 4)
      if (grain !== 0) grains.set(index * tableEntries + entry, grain)
    }
  }
  return grains
}

async function readGrain(
  file: Bytes,
  place: number,
  firstSector: number,
  grainBytes: number,
): Promise<Buffer> {
  const head = await file.read(place * sector, 12)
  if (number(head, 0) !== firstSector)
    throw new Unreadable(`the grain for sector ${firstSector} says that it is another`)
  const packed = await file.read(place * sector + 12, head.readUInt32LE(8))
  const content = await unpack(packed).catch(() => {
    throw new Unreadable(`the grain for sector ${firstSector} cannot be unpacked`)
  })
  if (content.length !== grainBytes)
    throw new Unreadable(`the grain for sector ${firstSector} has ${content.length} bytes`)
  return content
}

function number(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

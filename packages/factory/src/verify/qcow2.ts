import { type Bytes, Unreadable } from './bytes.ts'
import { mapped } from './mapped.ts'

/** QEMU, docs/interop/qcow2.txt; numbers are big-endian. */
const placeMask = 0x00ff_ffff_ffff_fe00n
const sole = 1n << 63n

interface Layout {
  readonly file: Bytes
  readonly clusterBytes: number
  /** Cluster of the file → how often something refers to it. */
  readonly used: Map<number, number>
}

/**
 * The disk in a qcow2 file, after looking at all of its tables: each cluster belongs to one place and is counted once.
 * @throws Unreadable
 */
export async function openQcow2(file: Bytes): Promise<Bytes> {
  const header = await file.read(0, 104)
  if (header.readUInt32BE(4) !== 3 || header.readBigUInt64BE(8) !== 0n || header.readBigUInt64BE(72) !== 0n)
    throw new Unreadable('it needs another file, or is of another version')
  const clusterBytes = 2 ** header.readUInt32BE(20)
  const size = Number(header.readBigUInt64BE(24))
  const layout: Layout = { file, clusterBytes, used: new Map() }
  use(layout, 0)
  const places = await readClusters(layout, header, size)
  await checkCounts(layout, header)
  return mapped(size, clusterBytes, (cluster) => {
    const place = places.get(cluster)
    return place === undefined ? undefined : file.read(place, clusterBytes)
  })
}

function use({ file, clusterBytes, used }: Layout, place: number, count = 1): void {
  if (place % clusterBytes !== 0 || place + (count - 1) * clusterBytes >= file.size)
    throw new Unreadable(`an entry leads to byte ${place}, where no cluster is`)
  for (let each = 0; each < count; each++) {
    const cluster = place / clusterBytes + each
    used.set(cluster, (used.get(cluster) ?? 0) + 1)
  }
}

/** Cluster of the disk → its place in the file. */
async function readClusters(layout: Layout, header: Buffer, size: number): Promise<Map<number, number>> {
  const { file, clusterBytes } = layout
  const entries = clusterBytes / 8
  const firstLevelAt = Number(header.readBigUInt64BE(40))
  const firstLevel = await tableAt(file, firstLevelAt, header.readUInt32BE(36))
  if (firstLevel.length < Math.ceil(size / clusterBytes / entries))
    throw new Unreadable('its tables are too short')
  use(layout, firstLevelAt, Math.ceil((firstLevel.length * 8) / clusterBytes))
  const places = new Map<number, number>()
  for (const [index, entry] of firstLevel.entries()) {
    if (entry === 0n) continue
    const second = placeOf(entry)
    use(layout, second)
    for (const [offset, inner] of (await tableAt(file, second, entries)).entries()) {
      if (inner === 0n) continue
      const place = placeOf(inner)
      use(layout, place)
      places.set(index * entries + offset, place)
    }
  }
  return places
}

function placeOf(entry: bigint): number {
  const place = Number(entry & placeMask)
  if ((entry & sole) === 0n || (entry & 1n) !== 0n || place === 0)
    throw new Unreadable('a cluster is packed, shared or marked as empty')
  return place
}

async function checkCounts(layout: Layout, header: Buffer): Promise<void> {
  const { file, clusterBytes, used } = layout
  if (header.readUInt32BE(96) !== 4) throw new Unreadable('its counts are not of 16 bits')
  const [place, clusters] = [Number(header.readBigUInt64BE(48)), header.readUInt32BE(56)]
  use(layout, place, clusters)
  const blocks = (await tableAt(file, place, (clusters * clusterBytes) / 8)).map(Number)
  for (const block of blocks.filter((each) => each !== 0)) use(layout, block)
  const perBlock = clusterBytes / 2
  const total = Math.ceil(file.size / clusterBytes)
  for (let first = 0; first < total; first += perBlock) {
    const block = blocks[first / perBlock] ?? 0
    const counts = block === 0 ? Buffer.alloc(clusterBytes) : await file.read(block, clusterBytes)
    for (let cluster = first; cluster < Math.min(total, first + perBlock); cluster++) {
      const [counted, uses] = [counts.readUInt16BE((cluster - first) * 2), used.get(cluster) ?? 0]
      if (counted !== uses)
        throw new Unreadable(`cluster ${cluster} is counted ${counted} times and used ${uses} times`)
    }
  }
}

async function tableAt(file: Bytes, place: number, entries: number): Promise<bigint[]> {
  const bytes = await file.read(place, entries * 8)
  if (bytes.length < entries * 8) throw new Unreadable('a table goes beyond its end')
  return Array.from({ length: entries }, (_, index) => bytes.readBigUInt64BE(index * 8))
}

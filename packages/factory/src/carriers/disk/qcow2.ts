import { open } from 'node:fs/promises'
import { roundUp } from '@kiln/contract'
import { blockBytes } from './data-map.ts'
import { type DiskSource, dataRuns } from './disk-source.ts'

/**
 * qcow2, version 3, uncompressed: what is in the disk is packed already. The same disk gives the same bytes, and no program
 * of the build machine decides on them. Source: QEMU, docs/interop/qcow2.txt; numbers are big-endian.
 *
 * In the file: header, data, tables of clusters, table of those, reference counts, table of those.
 */
export async function writeQcow2(disk: DiskSource, target: string): Promise<void> {
  const file = await open(target, 'w')
  try {
    const places = new Map<number, number>()
    let end = blockBytes
    for await (const { offset, data } of dataRuns(disk)) {
      await file.write(data, 0, data.length, end)
      for (let at = 0; at < data.length; at += blockBytes) places.set((offset + at) / blockBytes, end + at)
      end += roundUp(data.length, blockBytes)
    }
    const { content, header } = qcow2Tables(disk.bytes, places, end)
    await file.write(content, 0, content.length, end)
    await file.write(header, 0, header.length, 0)
  } finally {
    await file.close()
  }
}

const entryBytes = 8
const entriesPerCluster = blockBytes / entryBytes
/** Counts of 16 bits. */
const countsPerCluster = blockBytes / 2
/** Bit 63 of an entry: nothing else refers to the cluster, so that it may be written in place. */
const sole = 1n << 63n

/**
 * @param places number of a cluster of the disk → where it is in the file
 * @param end where the tables begin
 */
export function qcow2Tables(
  diskBytes: number,
  places: ReadonlyMap<number, number>,
  end: number,
): { readonly content: Buffer; readonly header: Buffer } {
  const tables = Map.groupBy(places, ([cluster]) => Math.floor(cluster / entriesPerCluster))
  const firstLevelEntries = Math.ceil(diskBytes / blockBytes / entriesPerCluster)
  const firstLevel = Buffer.alloc(roundUp(firstLevelEntries * entryBytes, blockBytes))
  const secondLevels = [...tables].map(([index, entries], position) => {
    const table = Buffer.alloc(blockBytes)
    for (const [cluster, place] of entries)
      table.writeBigUInt64BE(BigInt(place) | sole, (cluster % entriesPerCluster) * entryBytes)
    firstLevel.writeBigUInt64BE(BigInt(end + position * blockBytes) | sole, index * entryBytes)
    return table
  })
  const firstLevelAt = end + secondLevels.length * blockBytes
  const countsAt = firstLevelAt + firstLevel.length
  const { blocks, tableClusters } = countClusters(countsAt / blockBytes)
  const counts = Buffer.alloc(blocks * blockBytes)
  const used = countsAt / blockBytes + blocks + tableClusters
  for (let cluster = 0; cluster < used; cluster++) counts.writeUInt16BE(1, cluster * 2)
  const countTable = Buffer.alloc(tableClusters * blockBytes)
  for (let block = 0; block < blocks; block++)
    countTable.writeBigUInt64BE(BigInt(countsAt + block * blockBytes), block * entryBytes)
  const header = qcow2Header({
    diskBytes,
    firstLevelEntries,
    firstLevelAt,
    countTableAt: countsAt + counts.length,
    tableClusters,
  })
  return { content: Buffer.concat([...secondLevels, firstLevel, counts, countTable]), header }
}

/** Clusters of reference counts, and of their table, that count everything before and themselves. */
function countClusters(before: number): { blocks: number; tableClusters: number } {
  let [blocks, tableClusters] = [1, 1]
  for (;;) {
    const needed = Math.ceil((before + blocks + tableClusters) / countsPerCluster)
    const neededTable = Math.ceil(needed / entriesPerCluster)
    if (needed === blocks && neededTable === tableClusters) return { blocks, tableClusters }
    blocks = needed
    tableClusters = neededTable
  }
}

function qcow2Header(facts: {
  readonly diskBytes: number
  readonly firstLevelEntries: number
  readonly firstLevelAt: number
  readonly countTableAt: number
  readonly tableClusters: number
}): Buffer {
  const header = Buffer.alloc(112)
  header.write('QFI\xfb', 0, 'latin1')
  header.writeUInt32BE(3, 4)
  header.writeUInt32BE(Math.log2(blockBytes), 20)
  header.writeBigUInt64BE(BigInt(facts.diskBytes), 24)
  header.writeUInt32BE(facts.firstLevelEntries, 36)
  header.writeBigUInt64BE(BigInt(facts.firstLevelAt), 40)
  header.writeBigUInt64BE(BigInt(facts.countTableAt), 48)
  header.writeUInt32BE(facts.tableClusters, 56)
  // 16-bit counts, and the length of this header; behind it the mark that no extension follows.
  header.writeUInt32BE(4, 96)
  header.writeUInt32BE(104, 100)
  return header
}

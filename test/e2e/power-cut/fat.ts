import type { Range } from './replay-disk.ts'

/**
 * FAT32 as firmware reads it: from the first of its tables, and without mending anything. Source: Microsoft's FAT specification
 * of 2000; numbers are little-endian.
 */
export interface FatFile {
  /** In lower case, since FAT knows no difference; without a slash at its start. */
  readonly path: string
  readonly bytes: number
  /** Where its content is, in bytes from the start of the file system. */
  readonly ranges: readonly Range[]
  /** Why it cannot be read. */
  readonly problem?: string
}

export interface FatVolume {
  readonly files: readonly FatFile[]
  /** Why nothing of it can be read. */
  readonly problem?: string
  /**
   * What is to be mended before anything is written: files of which each has clusters of another one, so that whoever removes
   * one of them spoils the other, and folders whose clusters are not known to be theirs.
   */
  readonly hazards: readonly string[]
}

interface Geometry {
  readonly clusterBytes: number
  readonly dataAt: number
  readonly table: Buffer
  readonly clusters: number
  readonly rootCluster: number
}

type ReadVolume = (offset: number, bytes: number) => Buffer

const entryBytes = 32
const attributes = { volume: 0x08, folder: 0x10, longName: 0x0f } as const

/** @param read gives bytes from an offset within the file system */
export function readFat(read: ReadVolume): FatVolume {
  const geometry = readGeometry(read)
  if (typeof geometry === 'string') return { files: [], problem: geometry, hazards: [] }
  const files = new Map<string, FatFile>()
  const hazards: string[] = []
  const owners = new Owners()
  const visit = (entry: FolderEntry, folder: string, depth: number) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isFolder) {
      if (depth < maximumDepth) walk(entry.cluster, path, depth + 1)
    } else if (!files.has(path)) {
      const { file, clusters } = placeFile(geometry, path, entry)
      owners.claim(clusters, path)
      files.set(path, file)
    }
  }
  const walk = (firstCluster: number, folder: string, depth: number) => {
    const chain = followChain(geometry, firstCluster)
    if (chain.problem) hazards.push(`folder /${folder}: ${chain.problem}`)
    owners.claim(chain.clusters, folder)
    const bytes = Buffer.concat(chain.clusters.map((cluster) => read(...placeOf(geometry, cluster))))
    for (const entry of readFolder(bytes)) visit(entry, folder, depth)
  }
  walk(geometry.rootCluster, '', 0)
  return { files: [...files.values()], hazards: [...hazards, ...owners.shared] }
}

/** Finds clusters that belong to more than one. */
class Owners {
  readonly shared = new Set<string>()
  readonly #byCluster = new Map<number, string>()

  claim(clusters: readonly number[], path: string): void {
    for (const cluster of clusters) {
      const owner = this.#byCluster.get(cluster)
      if (owner !== undefined && owner !== path) this.shared.add(`${owner} and ${path} share clusters`)
      this.#byCluster.set(cluster, path)
    }
  }
}

/** More than any disk of ours has; a folder that contains itself has no end. */
const maximumDepth = 8

/** @returns a text that says why it is none */
function readGeometry(read: ReadVolume): Geometry | string {
  const sector = read(0, 512)
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) return 'there is no boot sector'
  const sectorBytes = sector.readUInt16LE(11)
  const sectorsPerCluster = sector.readUInt8(13)
  const reserved = sector.readUInt16LE(14)
  const tables = sector.readUInt8(16)
  const tableSectors = sector.readUInt32LE(36)
  const isFat32 = sector.readUInt16LE(17) === 0 && sector.readUInt16LE(22) === 0 && tableSectors > 0
  if (!isFat32 || sectorBytes < 512 || sectorsPerCluster === 0) return 'it is not FAT32'
  const dataSector = reserved + tables * tableSectors
  return {
    clusterBytes: sectorsPerCluster * sectorBytes,
    dataAt: dataSector * sectorBytes,
    table: read(reserved * sectorBytes, tableSectors * sectorBytes),
    clusters: Math.floor((sector.readUInt32LE(32) - dataSector) / sectorsPerCluster),
    rootCluster: sector.readUInt32LE(44),
  }
}

function placeOf({ dataAt, clusterBytes }: Geometry, cluster: number): [offset: number, bytes: number] {
  return [dataAt + (cluster - 2) * clusterBytes, clusterBytes]
}

interface Chain {
  readonly clusters: readonly number[]
  readonly problem?: string
}

function followChain({ table, clusters: count }: Geometry, first: number): Chain {
  const clusters: number[] = []
  const seen = new Set<number>()
  let cluster = first
  while (cluster < 0x0fff_fff8) {
    if (cluster < 2 || cluster >= count + 2) return { clusters, problem: 'its chain of clusters is broken' }
    if (seen.has(cluster)) return { clusters, problem: 'its chain of clusters has no end' }
    seen.add(cluster)
    clusters.push(cluster)
    cluster = table.readUInt32LE(cluster * 4) & 0x0fff_ffff
  }
  return { clusters }
}

function placeFile(
  geometry: Geometry,
  path: string,
  { cluster, bytes }: FolderEntry,
): { file: FatFile; clusters: readonly number[] } {
  if (bytes === 0 && cluster === 0) return { file: { path, bytes, ranges: [] }, clusters: [] }
  const { clusters, problem } = followChain(geometry, cluster)
  const needed = Math.ceil(bytes / geometry.clusterBytes)
  const found = clusters.length < needed ? (problem ?? 'its chain of clusters is too short') : undefined
  const ranges: { offset: number; bytes: number }[] = []
  for (const [index, each] of clusters.slice(0, needed).entries()) {
    const [offset, whole] = placeOf(geometry, each)
    const used = Math.min(whole, bytes - index * whole)
    const last = ranges.at(-1)
    if (last && last.offset + last.bytes === offset) last.bytes += used
    else ranges.push({ offset, bytes: used })
  }
  return { file: { path, bytes, ranges, ...(found === undefined ? {} : { problem: found }) }, clusters }
}

interface FolderEntry {
  readonly name: string
  readonly isFolder: boolean
  readonly cluster: number
  readonly bytes: number
}

function* readFolder(bytes: Buffer): Generator<FolderEntry> {
  let long: Buffer[] = []
  for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
    const entry = bytes.subarray(at, at + entryBytes)
    const first = entry[0]
    if (first === 0) return
    const attribute = entry.readUInt8(11)
    if (first !== 0xe5 && (attribute & 0x3f) === attributes.longName) {
      long.push(entry)
      continue
    }
    const name = longName(long, entry) ?? shortName(entry)
    long = []
    if (first === 0xe5 || first === 0x2e || (attribute & attributes.volume) !== 0) continue
    yield {
      name: name.toLowerCase(),
      isFolder: (attribute & attributes.folder) !== 0,
      cluster: entry.readUInt16LE(20) * 0x1_0000 + entry.readUInt16LE(26),
      bytes: entry.readUInt32LE(28),
    }
  }
}

/** Pieces of 13 characters, the last one first. They count only where all are there and belong to this short name. */
function longName(pieces: readonly Buffer[], entry: Buffer): string | undefined {
  const checksum = entry
    .subarray(0, 11)
    .reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0)
  const [last] = pieces
  if (!last || (last.readUInt8(0) & 0x40) === 0) return undefined
  const isWhole = pieces.every(
    (piece, index) => (piece.readUInt8(0) & 0x3f) === pieces.length - index && piece[13] === checksum,
  )
  if (!isWhole) return undefined
  const text = pieces
    .toReversed()
    .flatMap((piece) => [piece.subarray(1, 11), piece.subarray(14, 26), piece.subarray(28, 32)])
    .map((part) => part.toString('utf16le'))
    .join('')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

function shortName(entry: Buffer): string {
  const base = entry.subarray(0, 8).toString('latin1').trimEnd()
  const extension = entry.subarray(8, 11).toString('latin1').trimEnd()
  return extension === '' ? base : `${base}.${extension}`
}

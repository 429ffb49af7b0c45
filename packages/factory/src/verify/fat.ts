import { type Bytes, joined, part, Unreadable } from './bytes.ts'

/** A file of a FAT file system, with its path as it is written there, without a slash at its start. */
export interface FatFile {
  readonly path: string
  readonly content: Bytes
}

export interface FatVolume {
  readonly kind: 'FAT12' | 'FAT16' | 'FAT32'
  readonly label: string
  readonly files: readonly FatFile[]
}

interface Geometry {
  readonly kind: FatVolume['kind']
  readonly clusterBytes: number
  readonly clusters: number
  readonly dataAt: number
  readonly table: Buffer
  /** Of FAT12 and FAT16: a place of its own. */
  readonly root: { readonly at: number; readonly bytes: number } | { readonly cluster: number }
}

/**
 * Reads a FAT file system: all tables must be equal, and each file must be whole. Source: Microsoft, FAT specification of 2000;
 * numbers are little-endian.
 */
export async function readFat(volume: Bytes): Promise<FatVolume> {
  const geometry = await readGeometry(volume)
  const files: FatFile[] = []
  let label = ''
  const walk = async (folder: Buffer, path: string): Promise<void> => {
    if (path.split('/').length > 16) throw new Unreadable(`folder ${path} lies too deep`)
    for (const entry of entriesOf(folder)) {
      if (entry.isLabel) label = entry.name
      else if (entry.isFolder)
        await walk(await folderOf(volume, geometry, entry.cluster), `${path}${entry.name}/`)
      else files.push({ path: `${path}${entry.name}`, content: contentOf(volume, geometry, entry, path) })
    }
  }
  const { root } = geometry
  await walk(
    'cluster' in root
      ? await folderOf(volume, geometry, root.cluster)
      : await volume.read(root.at, root.bytes),
    '',
  )
  return { kind: geometry.kind, label, files }
}

async function readGeometry(volume: Bytes): Promise<Geometry> {
  const boot = await volume.read(0, 512)
  if (boot.length < 512 || boot.readUInt16LE(510) !== 0xaa55) throw new Unreadable('it has no boot sector')
  const sectorBytes = boot.readUInt16LE(11)
  const clusterSectors = boot.readUInt8(13)
  const tables = boot.readUInt8(16)
  if (![512, 1024, 2048, 4096].includes(sectorBytes) || clusterSectors === 0 || tables === 0)
    throw new Unreadable('its boot sector is none of FAT')
  const reserved = boot.readUInt16LE(14)
  const rootEntries = boot.readUInt16LE(17)
  const total = boot.readUInt16LE(19) || boot.readUInt32LE(32)
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36)
  const rootAt = (reserved + tables * tableSectors) * sectorBytes
  const rootBytes = rootEntries * 32
  const dataAt = rootAt + Math.ceil(rootBytes / sectorBytes) * sectorBytes
  const clusterBytes = clusterSectors * sectorBytes
  const clusters = Math.floor((total * sectorBytes - dataAt) / clusterBytes)
  if (total * sectorBytes > volume.size) throw new Unreadable('it is longer than its partition')
  const kind = clusters < 4085 ? 'FAT12' : clusters < 65_525 ? 'FAT16' : 'FAT32'
  const [table, ...copies] = await Promise.all(
    Array.from({ length: tables }, (_, index) =>
      volume.read((reserved + index * tableSectors) * sectorBytes, tableSectors * sectorBytes),
    ),
  )
  if (!table || copies.some((copy) => !copy.equals(table))) throw new Unreadable('its tables differ')
  const root = kind === 'FAT32' ? { cluster: boot.readUInt32LE(44) } : { at: rootAt, bytes: rootBytes }
  return { kind, clusterBytes, clusters, dataAt, table, root }
}

async function folderOf(volume: Bytes, geometry: Geometry, cluster: number): Promise<Buffer> {
  const chain = chainOf(geometry, cluster).map((each) => clusterOf(volume, geometry, each))
  const bytes = joined(chain)
  if (bytes.size > 2 ** 22) throw new Unreadable('a folder is larger than any can be')
  return bytes.read(0, bytes.size)
}

function contentOf(
  volume: Bytes,
  geometry: Geometry,
  { cluster, bytes, name }: Entry,
  folder: string,
): Bytes {
  const chain = cluster === 0 ? [] : chainOf(geometry, cluster)
  if (chain.length !== Math.ceil(bytes / geometry.clusterBytes))
    throw new Unreadable(`${folder}${name} has ${chain.length} clusters for ${bytes} bytes`)
  return part(
    joined(
      merged(chain).map(([first, count]) =>
        part(volume, placeOf(geometry, first), count * geometry.clusterBytes),
      ),
    ),
    0,
    bytes,
  )
}

/** Neighbours become one. */
function merged(chain: readonly number[]): [first: number, count: number][] {
  const runs: [number, number][] = []
  for (const cluster of chain) {
    const last = runs.at(-1)
    if (last && last[0] + last[1] === cluster) last[1]++
    else runs.push([cluster, 1])
  }
  return runs
}

function placeOf({ dataAt, clusterBytes }: Geometry, cluster: number): number {
  return dataAt + (cluster - 2) * clusterBytes
}

function clusterOf(volume: Bytes, geometry: Geometry, cluster: number): Bytes {
  return part(volume, placeOf(geometry, cluster), geometry.clusterBytes)
}

function chainOf(geometry: Geometry, first: number): number[] {
  const chain: number[] = []
  const end = { FAT12: 0xff8, FAT16: 0xfff8, FAT32: 0x0fff_fff8 }[geometry.kind]
  for (let cluster = first; cluster < end; cluster = nextOf(geometry, cluster)) {
    if (cluster < 2 || cluster >= geometry.clusters + 2) throw new Unreadable('a chain of clusters is broken')
    if (chain.length > geometry.clusters) throw new Unreadable('a chain of clusters has no end')
    chain.push(cluster)
  }
  return chain
}

function nextOf({ kind, table }: Geometry, cluster: number): number {
  if (kind === 'FAT32') return table.readUInt32LE(cluster * 4) & 0x0fff_ffff
  if (kind === 'FAT16') return table.readUInt16LE(cluster * 2)
  const pair = table.readUInt16LE(cluster + (cluster >> 1))
  return cluster % 2 === 1 ? pair >> 4 : pair & 0xfff
}

interface Entry {
  readonly name: string
  readonly isFolder: boolean
  readonly isLabel: boolean
  readonly cluster: number
  readonly bytes: number
}

function* entriesOf(folder: Buffer): Generator<Entry> {
  let long = ''
  for (let at = 0; at + 32 <= folder.length; at += 32) {
    const entry = folder.subarray(at, at + 32)
    if (entry[0] === 0) return
    const attributes = entry.readUInt8(11)
    if (entry[0] === 0xe5) long = ''
    else if (attributes === 0x0f) long = longPart(entry) + long
    else {
      const name = long === '' ? shortName(entry) : long
      long = ''
      if (entry[0] === 0x2e) continue
      yield {
        name,
        isFolder: (attributes & 0x10) !== 0,
        isLabel: (attributes & 0x08) !== 0,
        cluster: entry.readUInt16LE(20) * 0x1_0000 + entry.readUInt16LE(26),
        bytes: entry.readUInt32LE(28),
      }
    }
  }
}

function longPart(entry: Buffer): string {
  const parts = [entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]
  return parts
    .map((each) => each.toString('utf16le'))
    .join('')
    .replace(/\0.*$/s, '')
    .replaceAll('\uffff', '')
}

function shortName(entry: Buffer): string {
  const text = (from: number, to: number) => entry.toString('latin1', from, to).trimEnd()
  // Windows NT's case bits, which mtools writes: the name or the extension in lower case.
  const bits = entry.readUInt8(12)
  const isLabel = (entry.readUInt8(11) & 0x08) !== 0
  if (isLabel) return text(0, 11)
  const base = (bits & 0x08) !== 0 ? text(0, 8).toLowerCase() : text(0, 8)
  const extension = (bits & 0x10) !== 0 ? text(8, 11).toLowerCase() : text(8, 11)
  return extension === '' ? base : `${base}.${extension}`
}

import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { deflate as zlibDeflate } from 'node:zlib'
import { roundUp } from '@kiln/contract'
import { blockBytes } from './data-map.ts'
import { type DataRun, type DiskSource, dataBlocks } from './disk-source.ts'
import { mapOrdered } from './map-ordered.ts'
import { packLevel } from './pack-level.ts'
import { vmdkDescriptor } from './vmdk-descriptor.ts'

const deflate = promisify<Buffer, object, Buffer>(zlibDeflate)

/**
 * VMDK, stream-optimised: what OVF packages carry, and what importers of VMware, VirtualBox and AWS take. Source: VMware,
 * Virtual Disk Format 5.0; numbers are little-endian, places are sectors.
 *
 * In the file: header, descriptor, packed grains with a table behind each 512, directory of those, footer, end.
 */
export async function writeVmdk(disk: DiskSource, target: string, identity: VmdkIdentity): Promise<void> {
  const file = await open(target, 'w')
  try {
    await new VmdkWriter(disk, file).write(identity)
  } finally {
    await file.close()
  }
}

export interface VmdkIdentity {
  /** Name of the file. */
  readonly name: string
  /** Changes with the content: 8 hex digits. */
  readonly contentId: string
}

const sectorBytes = 512
const grainSectors = blockBytes / sectorBytes
const grainsPerTable = 512
const descriptorSectors = 20
/** Whole grains, as the specification wants it for what comes before them. */
const overheadSectors = 128
const gigantic = 0xffff_ffff_ffff_ffffn

/** Kinds of markers that are no grain. */
const markers = { end: 0, table: 1, directory: 2, footer: 3 } as const

class VmdkWriter {
  readonly #disk: DiskSource
  readonly #file: FileHandle
  readonly #directory: Buffer
  #table: Buffer | undefined
  #tableIndex = 0
  #end = 0

  constructor(disk: DiskSource, file: FileHandle) {
    this.#disk = disk
    this.#file = file
    this.#directory = Buffer.alloc(4 * Math.ceil(disk.bytes / blockBytes / grainsPerTable))
  }

  async write({ name, contentId }: VmdkIdentity): Promise<void> {
    const head = Buffer.alloc(overheadSectors * sectorBytes)
    head.set(vmdkHeader(this.#disk.bytes, gigantic))
    head.write(vmdkDescriptor(this.#disk.bytes, name, contentId), sectorBytes)
    await this.#append(head)
    const pack = async ({ offset, data }: DataRun) => {
      const grain = whole(data)
      return { index: offset / blockBytes, packed: await deflate(grain, { level: await packLevel(grain) }) }
    }
    for await (const { index, packed } of mapOrdered(dataBlocks(this.#disk), pack)) {
      await this.#grain(index, packed)
    }
    await this.#closeTable()
    await this.#append(marker(Math.ceil(this.#directory.length / sectorBytes), markers.directory))
    const directoryAt = BigInt(this.#end / sectorBytes)
    await this.#append(this.#directory)
    await this.#append(marker(1, markers.footer))
    await this.#append(vmdkHeader(this.#disk.bytes, directoryAt))
    await this.#append(marker(0, markers.end))
  }

  async #grain(index: number, packed: Buffer): Promise<void> {
    const tableIndex = Math.floor(index / grainsPerTable)
    if (tableIndex !== this.#tableIndex) await this.#closeTable()
    this.#tableIndex = tableIndex
    this.#table ??= Buffer.alloc(grainsPerTable * 4)
    this.#table.writeUInt32LE(this.#end / sectorBytes, (index % grainsPerTable) * 4)
    const head = Buffer.alloc(12)
    head.writeBigUInt64LE(BigInt(index * grainSectors), 0)
    head.writeUInt32LE(packed.length, 8)
    await this.#append(Buffer.concat([head, packed]))
  }

  async #closeTable(): Promise<void> {
    const table = this.#table
    if (!table) return
    this.#table = undefined
    await this.#append(marker(table.length / sectorBytes, markers.table))
    this.#directory.writeUInt32LE(this.#end / sectorBytes, this.#tableIndex * 4)
    await this.#append(table)
  }

  /** Everything takes whole sectors. */
  async #append(bytes: Buffer): Promise<void> {
    await this.#file.write(bytes, 0, bytes.length, this.#end)
    this.#end += roundUp(bytes.length, sectorBytes)
    // The last write may end within a sector.
    if (bytes.length % sectorBytes !== 0) await this.#file.truncate(this.#end)
  }
}

/** The last grain may be longer than the disk. */
function whole(data: Buffer): Buffer {
  return data.length === blockBytes ? data : Buffer.concat([data], blockBytes)
}

function marker(sectors: number, kind: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes)
  bytes.writeBigUInt64LE(BigInt(sectors), 0)
  bytes.writeUInt32LE(kind, 12)
  return bytes
}

/** @param directoryAt sector; in the header at the start it says that the footer knows it */
function vmdkHeader(diskBytes: number, directoryAt: bigint): Buffer {
  const header = Buffer.alloc(sectorBytes)
  header.write('KDMV', 0, 'latin1')
  header.writeUInt32LE(3, 4)
  // A valid test for newlines; packed grains; markers.
  header.writeUInt32LE(0x3_0001, 8)
  header.writeBigUInt64LE(BigInt(diskBytes / sectorBytes), 12)
  header.writeBigUInt64LE(BigInt(grainSectors), 20)
  header.writeBigUInt64LE(1n, 28)
  header.writeBigUInt64LE(BigInt(descriptorSectors), 36)
  header.writeUInt32LE(grainsPerTable, 44)
  header.writeBigUInt64LE(0n, 48)
  header.writeBigUInt64LE(directoryAt, 56)
  header.writeBigUInt64LE(BigInt(overheadSectors), 64)
  header.write('\n \r\n', 73, 'latin1')
  header.writeUInt16LE(1, 77) // deflate
  return header
}

import { type GptTable, gptEntries, gptHeader, guidBytes } from '@kiln/contract'

export interface DiskPartition {
  readonly name: string
  readonly type: string
  /** Sectors, both of them the partition's. */
  readonly first: number
  readonly last: number
}

/** The first sectors of a disk with a GPT. @param machine one hex digit, part of all its GUIDs */
export function gptDisk(partitions: readonly DiskPartition[], machine = '0'): Uint8Array {
  const table: GptTable = {
    sectorBytes: 512,
    diskGuid: `00000000-0000-4000-8000-00000000${machine}000`,
    entriesLba: 2,
    backupLba: 4_194_303,
    firstUsableLba: 64,
    lastUsableLba: 4_194_270,
    entries: Array.from({ length: 128 }, (_, index) => entryBytes(partitions[index], guidOf(index, machine))),
  }
  const bytes = new Uint8Array(128 * 512)
  bytes.set(gptHeader(table, 'primary'), 512)
  bytes.set(gptEntries(table), 1024)
  return bytes
}

/** Of a partition of `gptDisk`. @param index from 0 */
export function guidOf(index: number, machine = '0'): string {
  return `00000000-0000-4000-8000-00000000${machine}01${index % 10}`
}

function entryBytes(partition: DiskPartition | undefined, guid: string): Uint8Array {
  const bytes = new Uint8Array(128)
  if (!partition) return bytes
  const view = new DataView(bytes.buffer)
  bytes.set(guidBytes(partition.type), 0)
  bytes.set(guidBytes(guid), 16)
  view.setBigUint64(32, BigInt(partition.first), true)
  view.setBigUint64(40, BigInt(partition.last), true)
  for (const [at, letter] of [...partition.name].entries()) {
    view.setUint16(56 + 2 * at, letter.charCodeAt(0), true)
  }
  return bytes
}

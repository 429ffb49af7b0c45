import { labels, payloadCard } from '@kiln/contract'
import { boardOf } from '../boards/load.ts'
import { type Board, boardPaths } from '../boards/schema.ts'
import { type Bytes, part, wholeOf } from './bytes.ts'
import { type Esp, readEsp, verifyGrubBoot, verifyUefiBoot } from './esp.ts'
import { type Ext4Volume, readExt4 } from './ext4.ts'
import { type Partition, types, verifyBoardEntry, verifyGpt } from './gpt.ts'
import { type Carried, readCard, verifySlot } from './payload.ts'
import type { Report } from './report.ts'

const sector = 512
const mebibyte = 1024 * 1024

export interface DiskContent {
  readonly partitions: readonly Partition[]
  readonly payload: Carried | undefined
}

/** A disk on which a system is installed: its table, its file systems, its slots, and that firmware can start it. */
export async function verifyInstalledDisk(disk: Bytes, report: Report, known?: string): Promise<DiskContent> {
  report.note('disk', 'whole MiB', disk.size % mebibyte !== 0 && `it has ${disk.size} bytes`)
  const partitions = await verifyGpt(disk, report, { hybrid: false })
  if (partitions.length === 0) return { partitions, payload: undefined }
  const unaligned = partitions.find(({ start }) => start % mebibyte !== 0)
  report.note('partition table', 'partitions begin at whole MiB', unaligned && `${unaligned.name} does not`)
  const volumes = await readVolumes(disk, partitions, report)
  const state = volumes.get(labels.state)
  if (!state) {
    report.note(labels.state, 'is there', 'there is no file system of that label')
    return { partitions, payload: undefined }
  }
  const payload = await verifySlots(state, report, known)
  if (payload) await verifyBoot(disk, partitions, { state, payload }, report)
  return { partitions, payload }
}

/** Every ext4 file system by its label. */
async function readVolumes(
  disk: Bytes,
  partitions: readonly Partition[],
  report: Report,
): Promise<Map<string, Ext4Volume>> {
  const volumes = new Map<string, Ext4Volume>()
  for (const partition of partitions) {
    const content = part(disk, partition.start, Math.min(partition.size, disk.size - partition.start))
    if (!(await looksLikeExt4(content))) continue
    const what = 'an ext4 file system, with the checksums of its tables'
    const volume = await report.read(partition.name, what, () => readExt4(content))
    if (!volume) continue
    report.note(
      partition.name,
      'a label of its own',
      volumes.has(volume.label) && `"${volume.label}" is there twice`,
    )
    volumes.set(volume.label, volume)
  }
  for (const label of [labels.oem, labels.persistent])
    report.note(label, 'is there', !volumes.has(label) && 'there is no file system of that label')
  return volumes
}

/** Anything in the place of a superblock counts: a damaged one is to be told. */
async function looksLikeExt4(content: Bytes): Promise<boolean> {
  const start = await content.read(0, 2048)
  const isFat = start.length === 2048 && start.readUInt16LE(510) === 0xaa55
  return (
    !isFat &&
    start.subarray(1024).some((byte) => byte !== 0) &&
    start.subarray(0, 1024).every((byte) => byte === 0)
  )
}

/** Each slot is a payload under its root hash. @returns the first one */
async function verifySlots(state: Ext4Volume, report: Report, known?: string): Promise<Carried | undefined> {
  const slots = await state.list('/slots')
  report.note(`${labels.state}:/slots`, `${slots.length} slots`, slots.length === 0 && 'there is none')
  let first: Carried | undefined
  for (const slot of slots) {
    const folder = `/slots/${slot}`
    const inside = report.within(`${labels.state}:${folder}/`)
    const card = await state.file(`${folder}/${payloadCard}`)
    const payload =
      card && (await inside.read(payloadCard, 'the card of the payload', () => readCard(card, known)))
    if (!payload) {
      inside.note(payloadCard, 'is there', !card && 'it is missing')
      continue
    }
    inside.note(
      payloadCard,
      'has the root hash of the slot',
      payload.card.root.rootHash !== slot && 'it has another one',
    )
    await verifySlot(payload, (file) => state.file(`${folder}/${file}`), inside)
    first ??= payload
  }
  const records = (await state.list('/kiln')).filter((name) => name.startsWith('record.'))
  report.note(
    `${labels.state}:/kiln`,
    'the record of generations, twice',
    records.length < 2 && 'a copy is missing',
  )
  return first
}

interface Installed {
  readonly state: Ext4Volume
  readonly payload: Carried
}

async function verifyBoot(
  disk: Bytes,
  partitions: readonly Partition[],
  installed: Installed,
  report: Report,
): Promise<void> {
  const efi = partitions.find(({ type }) => type === types.efi)
  const bios = partitions.find(({ type }) => type === types.bios)
  if (!efi) return report.note(labels.esp, 'is there', 'there is no EFI partition')
  const inside = report.within(`${labels.esp}:`)
  const esp = await readEsp(part(disk, efi.start, efi.size), inside)
  if (!esp) return
  inside.note('', `the label ${labels.esp}`, esp.volume.label !== labels.esp && `it is "${esp.volume.label}"`)
  inside.note(
    '',
    'FAT32, which all firmware reads',
    esp.volume.kind !== 'FAT32' && `it is ${esp.volume.kind}`,
  )
  const hasUefi = esp.paths(/^EFI\/BOOT\//i).length > 0
  report.note('disk', 'firmware finds something to start', !hasUefi && !bios && 'neither UEFI nor BIOS does')
  if (hasUefi) await verifyUefiBoot(esp, installed.payload, inside)
  const board = boardOf(installed.payload.card.image.device)
  if (board) verifyBoardFiles(board, esp, inside)
  if (board?.mbr === 'hybrid') await verifyBoardEntry(disk, efi, report)
  if (!bios) return
  await verifyGrubBoot(esp, installed.payload, inside)
  await verifyGrubCode(disk, bios, installed, report)
}

/** All that a board starts before there is UEFI. */
function verifyBoardFiles(board: Board, esp: Esp, report: Report): void {
  const missing = boardPaths(board).filter((path) => !esp.file(path))
  report.note('', `what ${board.title} starts`, missing.length > 0 && `${missing.join(', ')} is not there`)
}

/** GRUB in the first sector leads to its second part, and that one is the payload's. */
async function verifyGrubCode(
  disk: Bytes,
  bios: Partition,
  { state, payload: { card } }: Installed,
  report: Report,
): Promise<void> {
  const first = await disk.read(0, sector)
  const leadsTo = Number(first.readBigUInt64LE(0x5c)) * sector
  report.note(
    'first sector',
    'leads to the second part of GRUB',
    leadsTo !== bios.start && `it leads to byte ${leadsTo}`,
  )
  const stored = await state.file(`/slots/${card.root.rootHash}/grub-core.img`)
  if (!stored) return
  const core = await wholeOf(stored)
  const placed = await disk.read(bios.start, core.length)
  // The list of sectors at the end of the first one is that of this disk.
  const list = sector - 12
  const isSame =
    placed.subarray(0, list).equals(core.subarray(0, list)) &&
    placed.subarray(sector).equals(core.subarray(sector))
  report.note(bios.name, "GRUB's second part, as in the payload", !isSame && 'it is another one')
  const next = Number(placed.readBigUInt64LE(list)) * sector
  report.note(bios.name, 'its list of sectors', next !== bios.start + sector && `it leads to byte ${next}`)
}

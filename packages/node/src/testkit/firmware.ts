import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  grubState,
  type NodeRecord,
  newestRecord,
  type Payload,
  parseEntryName,
  parseGrubEnv,
  recordFiles,
  slotOfEntry,
} from '@kiln/contract'
import { esp, type InstalledNode, state } from './installed-node.ts'
import { sha256 } from './payload-files.ts'

/** What the machine would start, and with what. */
export interface Start {
  /** `kiln-2`, `kiln-recovery`. */
  readonly entry: string
  readonly slot: string
  readonly version: string
}

/**
 * Does as firmware and loader do with what is on the disk, without counting, and checks all that is started.
 * @throws Error where the machine would not start
 */
export function startOf(node: InstalledNode): Start {
  checkLoader(node)
  const chosen = node.firmware === 'uefi' ? systemdBootChoice(node.folder) : grubChoice(node.folder)
  const payload = checkSlot(node, chosen.slot)
  checkBootFiles(node, chosen.slot, payload)
  return { ...chosen, version: payload.image.version }
}

/** The loader itself is one of those that a payload brought, whole. */
function checkLoader({ folder, firmware, payloads }: InstalledNode): void {
  const known = [...payloads.values()].flatMap(({ bootLoader }) => bootLoader.files)
  if (firmware === 'uefi') {
    const digest = sha256(readFileSync(`${folder}${esp}/EFI/BOOT/BOOTX64.EFI`))
    if (!known.some((file) => file.digest === digest)) throw new Error('the loader is torn')
    return
  }
  const disk = readFileSync(`${folder}/dev/sda`)
  const start = Number(disk.readBigUInt64LE(0x5c)) * 512
  const core = Buffer.from(disk.subarray(start, start + 3000))
  // As it was before it got its place.
  core.set([2, 0, 0, 0, 0, 0, 0, 0], 500)
  if (!known.some((file) => file.digest === sha256(core))) throw new Error('the core of GRUB is torn')
  if (disk[510] !== 0x55 || disk[511] !== 0xaa) throw new Error('the first sector is no boot sector')
}

/** The order of systemd-boot, src/boot/boot.c: without tries last, then sort key, then version downwards. */
function systemdBootChoice(folder: string): { entry: string; slot: string } {
  const path = `${folder}${esp}/loader/entries`
  const entries = readdirSync(path).flatMap((file) => {
    const text = readFileSync(join(path, file), 'utf8')
    const slot = slotOfEntry(text)
    const name = file.endsWith('.conf') ? parseEntryName(file) : undefined
    if (!name || !slot || !existsSync(`${folder}${esp}/EFI/kiln/${slot}.efi`)) return []
    const [, key = ''] = text.match(/^sort-key (.*)$/m) ?? []
    const [, version = ''] = text.match(/^version (.*)$/m) ?? []
    return [{ ...name, slot, key, version, exhausted: name.triesLeft === 0 }]
  })
  const [first] = entries.toSorted(
    (a, b) =>
      Number(a.exhausted) - Number(b.exhausted) ||
      a.key.localeCompare(b.key) ||
      b.version.localeCompare(a.version),
  )
  if (!first) throw new Error('systemd-boot finds no entry')
  return { entry: first.id, slot: first.slot }
}

/** What the menu does, without its counting. */
function grubChoice(folder: string): { entry: string; slot: string } {
  const read = (path: string) => readFileSync(`${folder}${esp}/${path}`, 'utf8')
  const menu = read('kiln/grub/grub.cfg').match(/^configfile \/(\S+)/)?.[1]
  if (!menu || !read(menu).includes('kiln_count')) throw new Error('GRUB finds no menu')
  const variables = parseGrubEnv(read('kiln/grub/grubenv'))
  if (!variables) throw new Error("GRUB's environment block is torn")
  const { good, trial, tries, recovery } = grubState(variables)
  const generation = trial !== undefined && tries ? trial : good
  const file = generation === undefined ? `kiln/rec-${recovery}.cfg` : `kiln/gen-${generation}.cfg`
  const slot = read(file).match(
    /^ {4}linux \/kiln\/([0-9a-f]{64})\/kernel .*\n {4}initrd .*\n {2}fi\n\}\n$/m,
  )?.[1]
  if (slot === undefined) throw new Error(`${file} is torn`)
  return { entry: generation === undefined ? 'kiln-recovery' : `kiln-${generation}`, slot }
}

/** As the initramfs would: the slot is there and is what its card says. */
function checkSlot({ folder }: InstalledNode, slot: string): Payload {
  const path = `${folder}${state}/slots/${slot}`
  const payload = JSON.parse(readFileSync(`${path}/payload.json`, 'utf8')) as Payload
  const root = sha256(readFileSync(`${path}/root.img`))
  if (root !== payload.root.digest) throw new Error(`the root image of ${slot} is torn`)
  return payload
}

function checkBootFiles({ folder, firmware }: InstalledNode, slot: string, payload: Payload): void {
  const files =
    firmware === 'uefi'
      ? ([[`EFI/kiln/${slot}.efi`, payload.uki.digest]] as const)
      : ([
          [`kiln/${slot}/kernel`, payload.kernel.digest],
          [`kiln/${slot}/initramfs`, payload.initramfs.digest],
        ] as const)
  for (const [path, digest] of files) {
    if (sha256(readFileSync(`${folder}${esp}/${path}`)) !== digest) throw new Error(`${path} is torn`)
  }
}

/** The record as the next boot reads it. @throws Error where no copy is whole */
export function recordOf({ folder }: InstalledNode): NodeRecord {
  const texts = recordFiles.map((file) => {
    const path = `${folder}${state}/kiln/${file}`
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  })
  const record = newestRecord(texts)
  if (!record) throw new Error('no copy of the record is whole')
  return record
}

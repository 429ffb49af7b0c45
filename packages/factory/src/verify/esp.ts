import { grubSlotPath, type Payload, ukiPath } from '@kiln/contract'
import { type Bytes, digestOf, wholeOf } from './bytes.ts'
import { type FatVolume, readFat } from './fat.ts'
import { type Carried, verifyFile, verifyInitramfs, verifyUki } from './payload.ts'
import type { Report } from './report.ts'
import { verifySecureBoot } from './secure-boot.ts'

/** Files of an EFI partition by path, in any case of letters. */
export class Esp {
  readonly volume: FatVolume
  readonly #files: ReadonlyMap<string, Bytes>

  constructor(volume: FatVolume) {
    this.volume = volume
    this.#files = new Map(volume.files.map(({ path, content }) => [path.toLowerCase(), content]))
  }

  file(path: string): Bytes | undefined {
    return this.#files.get(path.replace(/^\//, '').toLowerCase())
  }

  paths(pattern: RegExp): string[] {
    return this.volume.files.map(({ path }) => path).filter((path) => pattern.test(path))
  }
}

export async function readEsp(bytes: Bytes, report: Report): Promise<Esp | undefined> {
  const volume = await report.read('', 'a FAT file system, whole, with equal tables', () => readFat(bytes))
  return volume && new Esp(volume)
}

/** What UEFI starts on an installed disk: the loader, its entries, the UKI of the slot. */
export async function verifyUefiBoot(esp: Esp, carried: Carried, report: Report): Promise<void> {
  const { card } = carried
  await verifyLoader(esp, card, report)
  const entries = esp.paths(/^loader\/entries\/[^/]+\.conf$/i)
  report.note('loader/entries', `${entries.length} entries`, entries.length === 0 && 'there is none to start')
  for (const path of entries) {
    const text = await textOf(esp, path, report)
    const started = text?.match(/^(?:linux|efi)\s+(\S+)$/m)?.[1]
    report.note(
      path,
      'what it starts is there',
      !(started && esp.file(started)) && `${started ?? 'nothing'} is missing`,
    )
  }
  const uki = ukiPath(card.root.rootHash)
  await verifyUki(uki, esp.file(uki), carried, report)
  await verifySecureBoot(esp, card, report)
}

/** The loader where firmware looks for it. */
export async function verifyLoader(esp: Esp, card: Payload, report: Report): Promise<void> {
  const [loader] = esp.paths(/^EFI\/BOOT\/BOOT\w+\.EFI$/i)
  const known = card.bootLoader.files.find(({ file }) => file.endsWith('.efi'))
  if (loader && known) await verifyFile(loader, esp.file(loader), known, report)
  else report.note('EFI/BOOT', 'a boot loader', 'there is none')
}

/** What GRUB starts on an installed disk: menu, entries, kernel and initramfs of the slot. */
export async function verifyGrubBoot(esp: Esp, { card, isKnown }: Carried, report: Report): Promise<void> {
  const config = await textOf(esp, 'kiln/grub/grub.cfg', report)
  const menu = config?.match(/^configfile (\S+)$/m)?.[1]
  report.note('kiln/grub/grub.cfg', 'leads to a menu', !(menu && esp.file(menu)) && 'it leads to nothing')
  const environment = esp.file('kiln/grub/grubenv')
  report.note('kiln/grub/grubenv', 'a block of 1024 bytes', environment?.size !== 1024 && 'it is not that')
  const slot = grubSlotPath(card.root.rootHash)
  await verifyFile(`${slot}/kernel`, esp.file(`${slot}/kernel`), card.kernel, report)
  const initramfs = esp.file(`${slot}/initramfs`)
  await verifyFile(`${slot}/initramfs`, initramfs, card.initramfs, report)
  if (initramfs && !isKnown) await verifyInitramfs(`${slot}/initramfs`, initramfs, card, report)
  const entries = esp.paths(/^kiln\/(gen|rec)-[^/]+\.cfg$/i)
  report.note('kiln', `${entries.length} entries`, entries.length === 0 && 'there is none to start')
  for (const path of entries) {
    const text = (await textOf(esp, path, report)) ?? ''
    const started = [...text.matchAll(/^\s*(?:linux|initrd) (\S+)/gm)].map(([, file = '']) => file)
    const missing = started.find((file) => !esp.file(file))
    report.note(
      path,
      'what it starts is there',
      started.length < 2 ? 'it starts nothing' : missing && `${missing} is missing`,
    )
  }
}

async function textOf(esp: Esp, path: string, report: Report): Promise<string | undefined> {
  const bytes = esp.file(path)
  if (bytes) return (await wholeOf(bytes)).toString('utf8')
  report.note(path, 'is there', 'it is missing')
  return undefined
}

/** The digest of a file, for what is only compared. */
export async function digestIn(esp: Esp, path: string): Promise<string | undefined> {
  const bytes = esp.file(path)
  return bytes && digestOf(bytes)
}

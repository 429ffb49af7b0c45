import { labels, liveMedium, payloadCard } from '@kiln/contract'
import { type Bytes, digestOf, part, wholeOf } from './bytes.ts'
import { bootInfoProblem, readBootCatalogue } from './el-torito.ts'
import { readEsp, verifyLoader } from './esp.ts'
import { types, verifyGpt } from './gpt.ts'
import { type IsoFile, type IsoVolume, readIso } from './iso9660.ts'
import { type Carried, readCard, verifyPayload, verifyUki } from './payload.ts'
import type { Report } from './report.ts'
import { verifySecureBoot } from './secure-boot.ts'

const efiImage = '/efi.img'
const biosImage = '/boot/grub/eltorito.img'

/** The live medium: as a disc, as a disk, and what it carries. */
export async function verifyLiveMedium(
  medium: Bytes,
  report: Report,
  known?: string,
): Promise<Carried | undefined> {
  const volume = await report.read('disc', 'an ISO 9660 volume, all of it', () => readIso(medium))
  if (!volume) return undefined
  report.note('disc', `the label ${labels.live}`, volume.label !== labels.live && `it is "${volume.label}"`)
  const files = new Map(volume.files.map((file) => [file.path, file]))
  const open = async (path: string) => {
    const file = files.get(path)
    return file && part(medium, file.start, file.size)
  }
  await verifyFirmwareSides(medium, volume, files, report)
  const card = await open(`${liveMedium.payloadFolder}/${payloadCard}`)
  const inside = report.within(`${liveMedium.payloadFolder}/`)
  const payload =
    card && (await inside.read(payloadCard, 'the card of the payload', () => readCard(card, known)))
  if (!payload) {
    inside.note(payloadCard, 'is there', !card && 'it is missing')
    return undefined
  }
  await verifyPayload(payload, (file) => open(`${liveMedium.payloadFolder}/${file}`), inside)
  const efi = await open(efiImage)
  if (efi) await verifyEfiImage(efi, payload, report.within(`${efiImage}:`))
  return payload
}

/** As a disc through El Torito, as a disk through the table; both must lead to the same. */
async function verifyFirmwareSides(
  medium: Bytes,
  volume: IsoVolume,
  files: ReadonlyMap<string, IsoFile>,
  report: Report,
): Promise<void> {
  const efi = files.get(efiImage)
  const partitions = await verifyGpt(medium, report, { hybrid: true })
  const esp = partitions.find(({ type }) => type === types.efi)
  const isShown = esp && efi && esp.start === efi.start && esp.size >= efi.size
  report.note('partition table', `shows ${efiImage} as the EFI partition`, !isShown && 'it does not')
  const { catalogue } = volume
  if (catalogue === undefined)
    return report.note('El Torito', 'is there', 'firmware cannot start it as a disc')
  const images = await report.read('El Torito', 'the boot catalogue', () =>
    readBootCatalogue(medium, catalogue),
  )
  if (!images) return
  const uefi = images.find(({ platform }) => platform === 'uefi')
  report.note(
    'El Torito',
    `UEFI starts ${efiImage}`,
    uefi?.start !== efi?.start && 'it starts something else, or nothing',
  )
  const grub = files.get(biosImage)
  if (!grub) return
  const bios = images.find(({ platform }) => platform === 'bios')
  report.note(
    'El Torito',
    `BIOS starts ${biosImage}`,
    bios?.start !== grub.start && 'it starts something else, or nothing',
  )
  report.note(
    'El Torito',
    'BIOS loads its first 2048 bytes',
    bios?.sectors !== 4 && `it loads ${bios?.sectors} sectors`,
  )
  const image = await wholeOf(part(medium, grub.start, grub.size))
  report.note(biosImage, 'knows where it is', bootInfoProblem(image, grub.start))
  const first = await medium.read(0, 512)
  const isActive = [0, 1, 2, 3].some((index) => first[446 + 16 * index] === 0x80)
  report.note('first sector', 'an active entry, for BIOS as a disk', !isActive && 'there is none')
  const leadsTo = Number(first.readBigUInt64LE(0x1b0))
  const wanted = grub.start / 512 + 4
  report.note('first sector', `leads to ${biosImage}`, leadsTo !== wanted && `it leads to sector ${leadsTo}`)
}

async function verifyEfiImage(bytes: Bytes, carried: Carried, report: Report): Promise<void> {
  const esp = await readEsp(bytes, report)
  if (!esp) return
  await verifyLoader(esp, carried.card, report)
  const [uki = 'EFI/Linux'] = esp.paths(/^EFI\/Linux\/[^/]+\.efi$/i)
  await verifyUki(uki, esp.file(uki), carried, report)
  const addons = esp.paths(/\.addon\.efi$/i)
  report.note('EFI/Linux', 'an addon says where the root is', addons.length === 0 && 'there is none')
  await verifySecureBoot(esp, carried.card, report)
}

/** What the cloud-config on a medium is now; undefined where there is none. */
export async function cloudConfigDigest(medium: Bytes): Promise<string | undefined> {
  const file = (await readIso(medium)).files.find(({ path }) => path === liveMedium.cloudConfig)
  return file && file.size > 0 ? digestOf(part(medium, file.start, file.size)) : undefined
}

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Payload, payloadCard } from '@kiln/contract'
import { type Bytes, digestOf, inMemory, Unreadable, wholeOf, withFile } from './bytes.ts'
import { initramfsPrograms } from './initramfs.ts'
import { type PeFile, readPe } from './pe.ts'
import { type Check, Report } from './report.ts'
import { verifyMeasuredBoot } from './secure-boot.ts'
import { verityRootHash } from './verity.ts'

/** The payload that an artifact carries. */
export interface Carried {
  /** Of its card: `sha256:<64 hex digits>`. Equal digests are equal payloads, down to the last byte of each file. */
  readonly digest: string
  readonly card: Payload
  /** Its files were looked at before, apart from this artifact: their digests tell that they are the same. */
  readonly isKnown: boolean
}

/** Gives a file of the payload by its name. */
export type PayloadFiles = (file: string) => Promise<Bytes | undefined>

/** @param known digest of a payload that was looked at before @throws Unreadable */
export async function readCard(bytes: Bytes, known?: string): Promise<Carried> {
  const text = await wholeOf(bytes)
  try {
    const card = Payload.parse(JSON.parse(text.toString('utf8')))
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    return { digest, card, isKnown: digest === known }
  } catch {
    throw new Unreadable('it is no card of a payload')
  }
}

/** Every file of a payload beside its UKI: there, of the digest that the card has, and what it should be. */
export async function verifyPayload(carried: Carried, find: PayloadFiles, report: Report): Promise<void> {
  const { kernel, initramfs } = carried.card
  await verifyFiles([kernel, initramfs], find, report)
  await verifySlot(carried, find, report)
}

/** What a slot of an installed disk has of a payload; the rest is on the EFI partition. */
export async function verifySlot(carried: Carried, find: PayloadFiles, report: Report): Promise<void> {
  const { root, packages, bootLoader } = carried.card
  await verifyFiles([root, packages, ...bootLoader.files], find, report)
  if (!carried.isKnown) await verifyContents(carried.card, find, report)
}

async function verifyFiles(
  files: readonly { readonly file: string; readonly digest: string; readonly size: number }[],
  find: PayloadFiles,
  report: Report,
): Promise<void> {
  for (const { file, digest, size } of files) {
    await verifyFile(file, await find(file), { digest, size }, report)
  }
}

/** A payload as the factory keeps it: its files in a folder, the root image where it was made. */
export interface PayloadFolder {
  readonly folder: string
  readonly rootImage: string
}

/** Looks into all files of a payload that no artifact carries yet. Takes no digests. */
export async function verifyPayloadFolder({ folder, rootImage }: PayloadFolder): Promise<readonly Check[]> {
  const report = new Report()
  const open = async (file: string) => inMemory(await readFile(join(folder, file)))
  const { card } = await readCard(await open(payloadCard))
  await withFile(rootImage, (image) =>
    verifyContents(card, async (file) => (file === card.root.file ? image : open(file)), report),
  )
  await verifyUkiContents(card.uki.file, await open(card.uki.file), card, report)
  return report.checks
}

/** The root as its root hash says; the programs for the right machine. */
async function verifyContents(card: Payload, find: PayloadFiles, report: Report): Promise<void> {
  const { root, initramfs, bootLoader } = card
  const image = await find(root.file)
  if (image) await verifyRoot(image, card, report)
  const archive = await find(initramfs.file)
  if (archive) await verifyInitramfs(initramfs.file, archive, card, report)
  for (const { file } of bootLoader.files.filter((each) => each.file.endsWith('.efi'))) {
    const loader = await find(file)
    const pe =
      loader && (await report.read(file, 'a program for UEFI', async () => readPe(await wholeOf(loader))))
    if (pe) report.note(file, archWhat(card), archProblem(pe.arch, card))
  }
}

export async function verifyFile(
  place: string,
  bytes: Bytes | undefined,
  { digest, size }: { readonly digest: string; readonly size: number },
  report: Report,
): Promise<void> {
  if (!bytes) return report.note(place, 'is there', 'it is missing')
  if (bytes.size !== size) {
    report.note(place, 'its size', `it has ${bytes.size} bytes, and the card of the payload says ${size}`)
    return
  }
  const found = await report.read(place, 'its content', () => digestOf(bytes))
  if (found !== undefined)
    report.note(
      place,
      'its digest',
      found !== digest && `it is ${found}, and the card of the payload says ${digest}`,
    )
}

async function verifyRoot(image: Bytes, { root, cmdline }: Payload, report: Report): Promise<void> {
  const magic = await image.read(0, 4)
  report.note(root.file, 'a squashfs', magic.toString('latin1') !== 'hsqs' && 'it does not begin like one')
  const rootHash = await report.read(root.file, 'its hash tree', () => verityRootHash(image, root.hashOffset))
  if (rootHash !== undefined) {
    report.note(
      root.file,
      'its root hash',
      rootHash !== root.rootHash && `it is ${rootHash}, not ${root.rootHash}`,
    )
  }
  const isStarted = cmdline.split(' ').includes(`kiln.roothash=${root.rootHash}`)
  report.note('command line', 'names the root hash', !isStarted && 'another one, or none')
}

export async function verifyInitramfs(
  place: string,
  archive: Bytes,
  card: Payload,
  report: Report,
): Promise<void> {
  const programs = await report.read(place, 'its programs', async () =>
    initramfsPrograms(await wholeOf(archive)),
  )
  if (!programs) return
  const foreign = programs.find(({ arch }) => arch !== card.image.arch)
  report.note(place, archWhat(card), foreign && `${foreign.path} is for ${foreign.arch}`)
  const agent = programs.some(({ path }) => path === 'bin/kiln-agent')
  report.note(place, 'has kiln-agent', !agent && 'it is missing')
}

/** The UKI: its digest, and what is in it. */
export async function verifyUki(
  place: string,
  bytes: Bytes | undefined,
  { card, isKnown }: Carried,
  report: Report,
): Promise<void> {
  await verifyFile(place, bytes, card.uki, report)
  if (bytes && !isKnown) await verifyUkiContents(place, bytes, card, report)
}

/** The kernel, the initramfs and the command line of the payload. */
async function verifyUkiContents(place: string, bytes: Bytes, card: Payload, report: Report): Promise<void> {
  const pe = await report.read(place, 'a program for UEFI', async () => readPe(await wholeOf(bytes)))
  if (!pe) return
  report.note(place, archWhat(card), archProblem(pe.arch, card))
  report.note(place, 'its kernel', sectionProblem(pe, '.linux', card.kernel.digest))
  report.note(place, 'its initramfs', sectionProblem(pe, '.initrd', card.initramfs.digest))
  const cmdline = pe.sections
    .get('.cmdline')
    ?.toString('utf8')
    .replace(/[\0\n]+$/, '')
  report.note(place, 'its command line', cmdline !== card.cmdline && 'it is not the one of the payload')
  if (pe.signatures.length > 0) report.note(place, `${pe.signatures.length} signatures, by their form`)
  await verifyMeasuredBoot(place, bytes, card, report)
}

function sectionProblem({ sections }: PeFile, name: string, digest: string): string | undefined {
  const content = sections.get(name)
  if (!content) return `it has no section ${name}`
  const found = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return found === digest ? undefined : `section ${name} is not the file of the payload`
}

function archWhat({ image }: Payload): string {
  return `for ${image.arch}`
}

function archProblem(arch: string, { image }: Payload): string | undefined {
  return arch === image.arch ? undefined : `it is for ${arch}`
}

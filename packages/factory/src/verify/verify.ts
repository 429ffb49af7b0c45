import { mkdtemp, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errorFromFindings, type Finding, KilnError } from '@kiln/contract'
import { fileDigest } from '../resolve/digest.ts'
import { removeTree } from '../run/remove-tree.ts'
import { type Bytes, withFile } from './bytes.ts'
import { unpackGzip } from './gzip.ts'
import { verifyInstalledDisk } from './installed-disk.ts'
import { verifyLiveMedium } from './live-medium.ts'
import { openOva } from './ova.ts'
import type { Carried } from './payload.ts'
import { openQcow2 } from './qcow2.ts'
import { type Check, Report } from './report.ts'
import { isTar, readTar } from './tar.ts'
import { isVhd, openVhd } from './vhd.ts'
import { openVmdk } from './vmdk.ts'

/** What an artifact turned out to be, by its content. */
export type ArtifactFormat = 'iso' | 'raw' | 'qcow2' | 'vhd' | 'vmdk' | 'ova' | 'gce' | 'raw.gz'

export interface Verification {
  readonly file: string
  readonly format: ArtifactFormat
  /** Bytes of the disk in it; missing for an ISO. */
  readonly diskBytes?: number
  /** The payload in it; equal digests are equal payloads. Missing where none could be read. */
  readonly payload?: {
    readonly digest: string
    readonly name: string
    readonly version: string
    readonly rootHash: string
  }
  readonly checks: readonly Check[]
}

export interface VerifyOptions {
  /** Folder for what is unpacked; on a file system with room for the disk. */
  readonly scratch: string
  /** Digest that the payload must have: `sha256:<64 hex digits>`. */
  readonly payload?: string | undefined
  /** That of a payload whose files were looked at before: here, only their digests are compared. */
  readonly known?: string | undefined
  /** That of the file, where it was just taken: it is not read for that again. */
  readonly digest?: string | undefined
  /** False where the file beside it with its digest is looked at by itself: see {@link verifyChecksum}. */
  readonly checksum?: boolean
}

/**
 * Opens an artifact and looks at all of it, with other code than wrote it.
 * @throws KilnError E-ARTIFACT-UNKNOWN where it is none that Kiln knows
 */
export async function verifyArtifactFile(file: string, options: VerifyOptions): Promise<Verification> {
  const report = new Report()
  if (options.checksum !== false) await verifyChecksum(file, report, options.digest)
  const around = { file, scratch: options.scratch, report, known: options.known }
  const { payload, ...rest } = await withFile(file, (bytes) => verifyBytes(bytes, around))
  if (options.payload !== undefined) {
    const isSame = payload?.digest === options.payload
    report.note('payload', 'the one of this build', !isSame && `it is ${payload?.digest ?? 'missing'}`)
  }
  return { file, ...rest, ...(payload ? { payload: payloadFacts(payload) } : {}), checks: report.checks }
}

function payloadFacts({ digest, card }: Carried) {
  const { name, version } = card.image
  return { digest, name, version, rootHash: card.root.rootHash }
}

/** The file that sha256sum reads, where it is there. @param known digest of the artifact, where it was just taken */
export async function verifyChecksum(file: string, report: Report, known?: string): Promise<void> {
  const path = `${file}.sha256`
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return
  const [, digest, name] = text.match(/^([0-9a-f]{64}) [ *](.+)\n?$/) ?? []
  const place = basename(path)
  if (digest === undefined || name !== basename(file)) {
    report.note(place, 'names the artifact', 'it does not, as sha256sum would have it')
    return
  }
  const found = known ?? `sha256:${await fileDigest(file)}`
  report.note(
    place,
    'is the digest of the artifact',
    found !== `sha256:${digest}` && 'the artifact has another one',
  )
}

interface Surroundings {
  readonly file: string
  readonly scratch: string
  readonly report: Report
  readonly known: string | undefined
}

type Found = Pick<Verification, 'format' | 'diskBytes'> & { readonly payload?: Carried | undefined }

async function verifyBytes(bytes: Bytes, around: Surroundings): Promise<Found> {
  const { file } = around
  const start = await bytes.read(0, 1024)
  const magic = start.toString('latin1', 0, 4)
  if (magic === 'QFI\xfb') return verifyContainer('qcow2', bytes, openQcow2, around)
  if (magic === 'KDMV') return verifyContainer('vmdk', bytes, openVmdk, around)
  if (start[0] === 0x1f && start[1] === 0x8b) return verifyGzip(around)
  if (await isTar(bytes)) return verifyOva(bytes, around)
  if ((await bytes.read(16 * 2048 + 1, 5)).toString('latin1') === 'CD001')
    return { format: 'iso', payload: await verifyLiveMedium(bytes, around.report, around.known) }
  if (await isVhd(bytes)) return verifyContainer('vhd', bytes, openVhd, around)
  if (await looksLikeDisk(bytes, start)) return verifyDisk('raw', bytes, around)
  throw unknownFile(file)
}

/** Either table, or its backup: one of them may be what is damaged. */
async function looksLikeDisk(bytes: Bytes, start: Buffer): Promise<boolean> {
  const backup = await bytes.read(Math.max(0, bytes.size - 512), 8)
  return [start.toString('latin1', 512, 520), backup.toString('latin1')].includes('EFI PART')
}

function unknownFile(file: string): KilnError {
  return new KilnError('E-ARTIFACT-UNKNOWN', `${file} is no artifact that Kiln knows`, {
    place: { file },
    hint: 'known are ISOs and disks: raw, raw.gz, qcow2, VHD, VMDK, OVA and those for Google Compute Engine',
  })
}

async function verifyContainer(
  format: 'qcow2' | 'vhd' | 'vmdk',
  bytes: Bytes,
  openDisk: (bytes: Bytes) => Promise<Bytes>,
  around: Surroundings,
): Promise<Found> {
  const what = 'the container, with its tables'
  const disk = await around.report.read(format, what, () => openDisk(bytes))
  return disk ? verifyDisk(format, disk, around) : { format }
}

async function verifyDisk(
  format: ArtifactFormat,
  disk: Bytes,
  { report, known }: Surroundings,
): Promise<Found> {
  const { payload } = await verifyInstalledDisk(disk, report, known)
  return { format, diskBytes: disk.size, payload }
}

async function verifyGzip(around: Surroundings): Promise<Found> {
  const folder = await mkdtemp(join(around.scratch, 'verify-'))
  try {
    return await verifyUnpacked(join(folder, 'unpacked'), around)
  } finally {
    await removeTree(folder)
  }
}

async function verifyUnpacked(unpacked: string, around: Surroundings): Promise<Found> {
  const { file, report } = around
  const done = await report.read('gzip', 'unpacks, with its checksum', async () => {
    await unpackGzip(file, unpacked)
    return true
  })
  if (!done) return { format: 'raw.gz' }
  return withFile(unpacked, async (bytes) => {
    if (!(await isTar(bytes))) {
      if (await looksLikeDisk(bytes, await bytes.read(0, 1024))) return verifyDisk('raw.gz', bytes, around)
      throw unknownFile(file)
    }
    const members = await report.read('tar', 'the archive', () => readTar(bytes))
    if (!members) return { format: 'gce' }
    const [disk] = members
    const isOne = members.length === 1 && disk?.name === 'disk.raw' && disk.format === 'oldgnu'
    report.note('tar', "one file, disk.raw, in GNU's old format", !isOne && 'it has something else')
    if (!disk) return { format: 'gce' }
    report.note('disk', 'whole GiB', disk.content.size % 2 ** 30 !== 0 && `it has ${disk.content.size} bytes`)
    return verifyDisk('gce', disk.content, around)
  })
}

async function verifyOva(bytes: Bytes, around: Surroundings): Promise<Found> {
  const { report } = around
  const members = await report.read('OVA', 'the archive', () => readTar(bytes))
  const disk = members && (await openOva(members, report))
  return disk ? verifyDisk('ova', disk, around) : { format: 'ova' }
}

/** The error that a verification amounts to; undefined where all is well. */
export function verificationError({ file, checks }: Verification): KilnError | undefined {
  return checksError(checks, file)
}

/** @param file what was looked at */
export function checksError(checks: readonly Check[], file: string): KilnError | undefined {
  const findings = checks.flatMap(({ place, what, problem }): Finding[] =>
    problem === undefined
      ? []
      : [
          {
            code: 'E-ARTIFACT-DAMAGED',
            message: `${place || 'artifact'}: ${what}: ${problem}`,
            place: { file },
            hint: mend,
          },
        ],
  )
  const [first, ...rest] = findings
  return first && errorFromFindings([first, ...rest])
}

const mend = 'fetch it again, or build it again with kiln build --rebuild; do not write it to a disk'

/** Whether a file can be read at all. @throws KilnError E-ARTIFACT-MISSING */
export async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile()) return
  throw new KilnError('E-ARTIFACT-MISSING', `${file} ${found ? 'is no file' : 'is not there'}`, {
    place: { file },
    hint: '"kiln build" makes artifacts and prints their paths',
  })
}

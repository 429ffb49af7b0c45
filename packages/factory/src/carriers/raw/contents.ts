import { readdir, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Architecture,
  type DiskRequest,
  efiFallbackFile,
  grubSlotPath,
  type PartitionRole,
  type Payload,
  ukiPath,
} from '@kiln/contract'
import { bootLoaderFiles } from '../../payload/boot-loader.ts'
import { listTree } from '../../resolve/digest.ts'
import { makeStaging, stageFile, stageFolder, stageText, stageTree } from '../../rootfs/staging.ts'
import type { Mount } from '../../sandbox/sandbox.ts'
import { enrolmentLine, stageEnrolment } from '../../secure-boot/enrolment.ts'
import type { Enrolment } from '../../secure-boot/resolve.ts'
import { grubTexts, systemdBootTexts } from './boot-files.ts'
import { recordCopies } from './record.ts'

const curtinHooks = fileURLToPath(new URL('curtin-hooks.py', import.meta.url))

/** What the file systems of a new disk hold. */
export interface ContentOptions {
  readonly payload: Payload
  /** Folders of the two results that make up the payload. */
  readonly payloadFolder: string
  readonly rootImage: string
  readonly cloudConfig: string | undefined
  /** Folder with what a board starts, for the EFI partition. */
  readonly board?: string | undefined
  /** MAAS deploys the disk: its curtin looks for something to run. */
  readonly curtin?: boolean
  readonly firmware: DiskRequest['firmware']
  readonly arch: Architecture
  /** Name of the image, as people read it. */
  readonly title: string
  /** File name of the disk image: where the node's first generation came from. */
  readonly file: string
  readonly enrolment?: Enrolment | undefined
  /** Good generations to keep. */
  readonly keep: number
  /** Seconds since 1970. */
  readonly epoch: number
}

export interface StagedContents {
  /** Folder of each file system that is not empty, below the working folder. */
  readonly folders: Partial<Record<PartitionRole, string>>
  /** Large files that are not copied, but seen there. */
  readonly mounts: readonly Mount[]
}

/**
 * Gathers the contents in folders below a working folder.
 * @param inside path of the working folder where the tools see it
 */
export async function stageContents(
  work: string,
  inside: string,
  options: ContentOptions,
): Promise<StagedContents> {
  const folders = { efi: 'efi', oem: 'oem', state: 'state' } as const
  await stageEfi(join(work, folders.efi), options)
  await stageOem(join(work, folders.oem), options)
  const slot = await stageState(join(work, folders.state), options)
  const { uki, kernel, initramfs } = options.payload
  const bootFiles = [uki, kernel, initramfs].map(({ file }) => file)
  const files = (await readdir(options.payloadFolder)).filter((file) => !bootFiles.includes(file)).sort()
  const mounts = [...files.map((file) => join(options.payloadFolder, file)), options.rootImage].map(
    (source): Mount => ({
      kind: 'file-ro',
      source,
      target: `${inside}/${folders.state}${slot}/${basename(source)}`,
    }),
  )
  return { folders, mounts }
}

/** The EFI partition: loaders, their entries, and what they start. BIOS reads from it, too. */
async function stageEfi(folder: string, options: ContentOptions): Promise<void> {
  const { payload, payloadFolder, firmware, arch, title, epoch } = options
  const staging = await makeStaging(folder)
  if (options.board) await stageTree(staging, options.board)
  const slot = payload.root.rootHash
  const take = (file: string, path: string) =>
    stageFile(staging, join(payloadFolder, file), `/${path}`, 0o644)
  const entries = { slot, title, cmdline: payload.cmdline }
  if (firmware !== 'bios') {
    await take(bootLoaderFiles.efi, `EFI/BOOT/${efiFallbackFile(arch)}`)
    await take(payload.uki.file, ukiPath(slot))
  }
  if (firmware !== 'uefi') {
    await take(payload.kernel.file, `${grubSlotPath(slot)}/kernel`)
    await take(payload.initramfs.file, `${grubSlotPath(slot)}/initramfs`)
  }
  const texts = {
    ...(firmware === 'bios' ? {} : systemdBootTexts(entries, enrolmentLine(options.enrolment))),
    ...(firmware === 'uefi' ? {} : grubTexts(entries)),
  }
  for (const [path, text] of Object.entries(texts)) await stageText(staging, path, text)
  if (firmware !== 'bios') await stageEnrolment(staging, options.enrolment)
  // FAT stores the times of files; those of folders are made by the tool.
  for (const entry of (await listTree(folder)).toReversed())
    await utimes(join(folder, entry.path), epoch, epoch)
}

/** Only root reads it: a cloud-config may hold passwords. */
async function stageOem(folder: string, { cloudConfig, curtin = false }: ContentOptions): Promise<void> {
  const staging = await makeStaging(folder)
  if (cloudConfig) await stageFile(staging, cloudConfig, '/90_custom.yaml', 0o600)
  if (curtin) await stageFile(staging, curtinHooks, '/curtin/curtin-hooks', 0o755)
}

/** @returns the slot's folder, whose files are put there by mounts */
async function stageState(folder: string, options: ContentOptions): Promise<string> {
  const staging = await makeStaging(folder)
  const slot = `/slots/${options.payload.root.rootHash}`
  await stageFolder(staging, slot)
  for (const [path, text] of Object.entries(recordCopies(options))) {
    await stageText(staging, path, text, 0o600)
  }
  return slot
}

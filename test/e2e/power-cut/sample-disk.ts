import { execFileSync } from 'node:child_process'
import { closeSync, copyFileSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  arm,
  bless,
  type DiskPlan,
  embedGrub,
  emptyRecord,
  entryFile,
  entryText,
  espPaths,
  grubConfig,
  grubEntryText,
  grubEnvBlock,
  grubGenerationPath,
  grubMenuPath,
  grubPaths,
  grubRecoveryPath,
  grubSlotPath,
  installedGrubMenu,
  loaderConfig,
  MiB,
  mkfsVfatOptions,
  type NodeRecord,
  type PlannedPartition,
  partitionTypes,
  recordFiles,
  serialiseRecord,
  setRecovery,
  sfdiskScript,
  ukiPath,
} from '@kiln/contract'
import { grubImages } from '@kiln/contract/testkit/grub-images'
import { type MadePayload, makePayload, sha256 } from '@kiln/node/testkit/payload-files'

/** A disk with a small payload installed, made by the usual tools: generation 1 runs, and recovery from the same slot. */
export interface SampleDisk {
  readonly file: string
  readonly folder: string
  /** The running one, and one that lies in its slot and is not armed. */
  readonly old: MadePayload
  readonly fresh: MadePayload
  readonly partition: (name: string) => PlannedPartition
}

const linux = { fs: 'ext4', typeGuid: partitionTypes.linux } as const
const partitions: PlannedPartition[] = []
for (const part of [
  { name: 'bios', role: 'bios', fs: 'none', typeGuid: partitionTypes.bios, bytes: MiB },
  { name: 'efi', role: 'efi', fs: 'vfat', typeGuid: partitionTypes.efi, bytes: 36 * MiB, label: 'COS_GRUB' },
  { name: 'oem', role: 'oem', ...linux, bytes: 12 * MiB, label: 'COS_OEM' },
  { name: 'state', role: 'state', ...linux, bytes: 16 * MiB, label: 'COS_STATE' },
  { name: 'persistent', role: 'persistent', ...linux, bytes: 12 * MiB, label: 'COS_PERSISTENT' },
] as const) {
  const before = partitions.at(-1)
  const start = before ? before.start + before.bytes : MiB
  partitions.push({ ...part, number: partitions.length + 1, start })
}
const diskBytes = 79 * MiB

export function makeSampleDisk(folder: string): SampleDisk {
  const file = join(folder, 'sample.raw')
  const old = withGrub(makePayload(join(folder, 'old'), { seed: 'old', rootBytes: 600_000 }), 3000)
  const fresh = withGrub(makePayload(join(folder, 'fresh'), { seed: 'fresh', rootBytes: 600_000 }), 3500)
  const partition = (name: string) => {
    const found = partitions.find((each) => each.name === name)
    if (!found) throw new RangeError(`no partition ${name}`)
    return found
  }
  const plan: DiskPlan = { sectorBytes: 512, partitions, minimumBytes: diskBytes, explanation: [] }
  writeFileSync(file, '')
  truncateSync(file, diskBytes)
  const guids = {
    disk: '00000000-0000-4000-8000-00000000000A',
    partition: ({ number }: { number: number }) => `00000000-0000-4000-8000-00000000000${number}`,
  }
  tool('sfdisk', ['--quiet', file], sfdiskScript(plan, guids))
  fillState(join(folder, 'state'), [old, fresh], sampleRecord(old, fresh))
  for (const name of ['oem', 'state', 'persistent']) {
    const { start, bytes } = partition(name)
    const source = name === 'state' ? ['-d', join(folder, 'state')] : []
    const usual = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-I', '256', '-J', 'size=4', '-O', '^orphan_file']
    tool('mke2fs', [...usual, '-E', `offset=${start}`, ...source, file, `${bytes / 1024}k`])
  }
  makeEsp(file, partition('efi'), join(folder, 'esp'), old)
  placeGrub(file, partition('bios'), old)
  return { file, folder, old, fresh, partition }
}

/** The record while the new one is armed. */
export function sampleRecord(old: MadePayload, fresh: MadePayload): NodeRecord {
  const origin = ({ payload }: MadePayload) => ({
    slot: payload.root.rootHash,
    image: payload.image,
    source: 'file:sample',
    made: '2024-01-01T00:00:00Z',
  })
  return arm(setRecovery(bless(arm(emptyRecord(), origin(old)), 1), origin(old)), origin(fresh))
}

/** Files of a generation on the EFI partition, without those that make it start. */
export function stagedFiles({ folder, payload }: MadePayload): Record<string, string> {
  const slot = payload.root.rootHash
  return {
    [ukiPath(slot)]: join(folder, 'boot.efi'),
    [`${grubSlotPath(slot)}/kernel`]: join(folder, 'kernel'),
    [`${grubSlotPath(slot)}/initramfs`]: join(folder, 'initramfs'),
  }
}

export function grubEnvironment(variables: Readonly<Record<string, string>>): string {
  return grubEnvBlock({ good: '1', trial: '', tries: '', once: '', recovery: 'one', list: '1', ...variables })
}

/** Writes files into the FAT file system of a disk; folders must be there. @param files path → file to copy */
export function copyToEsp(file: string, start: number, files: Readonly<Record<string, string>>): void {
  for (const [path, source] of Object.entries(files)) {
    tool('mcopy', ['-o', '-Q', '-m', '-i', `${file}@@${start}`, source, `::/${path}`])
  }
}

export function makeFolders(file: string, start: number, folders: readonly string[]): void {
  for (const folder of folders) tool('mmd', ['-i', `${file}@@${start}`, `::/${folder}`])
}

/** Runs a program that must succeed. */
export function tool(name: string, args: readonly string[], input = ''): string {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1' }
  return execFileSync(name, args, { input, env, encoding: 'utf8', stdio: 'pipe' })
}

function withGrub(made: MadePayload, coreBytes: number): MadePayload {
  const { boot, core } = grubImages(coreBytes)
  const images = { 'grub-boot.img': boot, 'grub-core.img': core }
  const files = Object.entries(images).map(([name, bytes]) => {
    writeFileSync(join(made.folder, name), bytes)
    return { file: name, digest: sha256(bytes), size: bytes.length }
  })
  const { bootLoader } = made.payload
  const payload = {
    ...made.payload,
    bootLoader: { ...bootLoader, files: [...bootLoader.files, ...files] },
  }
  const card = `${JSON.stringify(payload)}\n`
  writeFileSync(join(made.folder, 'payload.json'), card)
  return { ...made, payload, digest: sha256(card), files: [...Object.keys(images), ...made.files] }
}

function fillState(folder: string, payloads: readonly MadePayload[], record: NodeRecord): void {
  for (const { folder: from, files, payload } of payloads) {
    const slot = join(folder, 'slots', payload.root.rootHash)
    mkdirSync(slot, { recursive: true })
    const bootFiles = [payload.uki, payload.kernel, payload.initramfs].map(({ file }) => file)
    for (const name of files.filter((each) => !bootFiles.includes(each))) {
      copyFileSync(join(from, name), join(slot, name))
    }
  }
  mkdirSync(join(folder, 'kiln'))
  for (const [index, name] of recordFiles.entries()) {
    writeFileSync(join(folder, 'kiln', name), serialiseRecord({ ...record, sequence: index + 1 }))
  }
}

function makeEsp(file: string, partition: PlannedPartition, folder: string, old: MadePayload): void {
  const slot = old.payload.root.rootHash
  const recovery = { slot, title: 'Sample (recovery)' }
  const texts = {
    [espPaths.loaderConfig]: loaderConfig,
    [`${espPaths.entries}/${entryFile(1)}`]: entryText({ generation: 1, slot, title: 'Sample' }),
    [`${espPaths.entries}/${entryFile(undefined)}`]: entryText(recovery),
    [grubPaths.config]: grubConfig(installedGrubMenu),
    [grubMenuPath(installedGrubMenu)]: installedGrubMenu,
    [grubPaths.environment]: grubEnvironment({}),
    [grubGenerationPath(1)]: grubEntryText({ generation: 1, slot, title: 'Sample', cmdline: 'quiet' }),
    [grubRecoveryPath('one')]: grubEntryText({ ...recovery, cmdline: 'quiet' }),
  }
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const files = {
    ...stagedFiles(old),
    [`${espPaths.loaders}/BOOTX64.EFI`]: join(old.folder, 'systemd-boot.efi'),
  }
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(source, join(folder, path))
  }
  const sector = String(partition.start / 512)
  const options = [...mkfsVfatOptions(partition, 512), '-i', '12345678', '--offset', sector, '-h', sector]
  tool('mkfs.vfat', [...options, file, String(partition.bytes / 1024)])
  const folders = ['EFI', 'kiln', 'loader'].map((name) => join(folder, name))
  tool('mcopy', ['-s', '-Q', '-m', '-i', `${file}@@${partition.start}`, ...folders, '::/'])
}

function placeGrub(file: string, { start, bytes }: PlannedPartition, { payload }: MadePayload): void {
  const size = payload.bootLoader.files.find(({ file: name }) => name === 'grub-core.img')?.size
  const { bootCode, core } = embedGrub(grubImages(size), start / 512, bytes / 1024)
  const disk = openSync(file, 'r+')
  writeSync(disk, bootCode, 0, bootCode.length, 0)
  writeSync(disk, core, 0, core.length, start)
  closeSync(disk)
}

import {
  biosSectorBytes,
  bootCodeBytes,
  embedGrub,
  GrubEmbedError,
  grubConfig,
  grubMenuPath,
  grubPaths,
  installedGrubMenu,
} from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { listIfThere, readIfThere } from '../host/tree.ts'
import type { LoaderFiles } from './boot-loader.ts'
import { removeIfThere, writePlain, writeSector } from './esp-files.ts'
import { digestFromDisk } from './read-back.ts'

/** Where GRUB itself lies: the first sector of a disk, and its partition for BIOS. */
export interface GrubDisk {
  /** `/dev/sda`. */
  readonly device: string
  /** First sector of the bios_grub partition and its length, in units of 512 bytes. */
  readonly start: number
  readonly sectors: number
}

/** Place in the first sector that says where the core begins; see grub-embed.ts of the contract. */
const coreAddressAt = 0x5c

/**
 * Puts GRUB and its menu on a disk. Each of the two is written beside the old one, and then one sector leads to it: in the
 * partition for BIOS there is room for two cores, of which the old one is kept.
 * @throws AgentError boot-loader
 */
export function updateGrub(host: Host, esp: string, disk: GrubDisk, files: LoaderFiles): void {
  const menu = installedGrubMenu
  writePlain(host, `${esp}/${grubMenuPath(menu)}`, menu)
  const config = `${esp}/${grubPaths.config}`
  const before = readIfThere(host, config)
  // A new menu may need a new core. A disk that has no menu yet shall not start before it has one.
  if (before !== undefined) writeCore(host, disk, files)
  writeSector(host, config, grubConfig(menu))
  if (before === undefined) writeCore(host, disk, files)
  removeOldMenus(host, esp, [grubConfig(menu), before ?? ''])
}

function writeCore(host: Host, disk: GrubDisk, files: LoaderFiles): void {
  const images = {
    boot: readImage(host, files, 'grub-boot.img'),
    core: readImage(host, files, 'grub-core.img'),
  }
  const sector = host.readBytes(disk.device, 0, biosSectorBytes)
  const current = address(sector)
  const half = Math.floor(disk.sectors / 2)
  try {
    const place = (start: number) => embedGrub(images, start, half)
    const isCurrent = current === disk.start || current === disk.start + half
    if (isCurrent && isWritten(host, disk, current, place(current))) return
    const start = current === disk.start ? disk.start + half : disk.start
    const { core, bootCode } = place(start)
    host.overwrite(disk.device, start * biosSectorBytes, core)
    if (!same(host.readBytes(disk.device, start * biosSectorBytes, core.length), core)) {
      throw new AgentError('boot-loader', `${disk.device} cannot be read back as it was written.`)
    }
    // Behind the code are the disk's signature and the protective table.
    const next = Uint8Array.from(sector)
    next.set(bootCode.subarray(0, bootCodeBytes))
    next.set([0x55, 0xaa], biosSectorBytes - 2)
    host.overwrite(disk.device, 0, next)
  } catch (error) {
    if (error instanceof GrubEmbedError) throw new AgentError('boot-loader', error.message, error)
    throw error
  }
}

function readImage(host: Host, { folder, card }: LoaderFiles, name: string): Uint8Array {
  const known = card.files.find(({ file }) => file === name)
  if (!known) throw new AgentError('boot-loader', `The payload has no ${name}.`)
  const path = `${folder}/${name}`
  if (digestFromDisk(host, path) !== known.digest) throw new AgentError('boot-loader', `${path} was changed.`)
  return host.readBytes(path, 0, known.size)
}

function isWritten(
  host: Host,
  { device }: GrubDisk,
  start: number,
  { core, bootCode }: { readonly core: Uint8Array; readonly bootCode: Uint8Array },
): boolean {
  return (
    same(host.readBytes(device, start * biosSectorBytes, core.length), core) &&
    same(host.readBytes(device, 0, bootCodeBytes), bootCode.subarray(0, bootCodeBytes))
  )
}

function removeOldMenus(host: Host, esp: string, used: readonly string[]): void {
  for (const name of listIfThere(host, `${esp}/kiln/grub`)) {
    const isUsed = used.some((config) => config.includes(name))
    if (/^menu-[0-9a-f]{8}\.cfg$/.test(name) && !isUsed) removeIfThere(host, `${esp}/kiln/grub/${name}`)
  }
}

/** Little-endian; sectors of disks are below 2⁵³. */
function address(sector: Uint8Array): number {
  let value = 0
  for (let i = 7; i >= 0; i--) value = value * 256 + (sector[coreAddressAt + i] ?? 0)
  return value
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

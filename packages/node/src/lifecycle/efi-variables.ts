import type { Host } from '../host/host.ts'
import { HostError, hasErrno } from '../host/host.ts'
import { exists } from '../host/tree.ts'

/**
 * Variables that systemd-boot shares with the system. Source: the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE).
 * A file of efivarfs is four bytes of attributes and the value; texts are UTF-16, ended by a zero.
 */
const folder = '/sys/firmware/efi/efivars'
const vendor = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'

/** Non-volatile, for boot services, at run time. */
const attributes = [7, 0, 0, 0] as const
/** linux/fs.h: FS_IOC_SETFLAGS of a 64-bit kernel. efivarfs protects variables that it does not know. */
const setFlags = 0x40086602

export function hasEfi(host: Pick<Host, 'stat'>): boolean {
  return exists(host, '/sys/firmware/efi')
}

/** The text of a variable of the loader; undefined where there is none, as on BIOS. */
export function loaderVariable(host: Pick<Host, 'readBytes'>, name: string): string | undefined {
  try {
    return decode(host.readBytes(variablePath(name), 0, 4096).subarray(attributes.length))
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EIO')) return undefined
    throw error
  }
}

/** Which entry the loader takes next time, and only then. @param entry file name of the entry */
export function setOneShot(host: Host, entry: string): void {
  const path = variablePath('LoaderEntryOneShot')
  unprotect(host, path)
  host.write(path, Uint8Array.from([...attributes, ...encode(entry)]), { mode: 0o644 })
}

function unprotect(host: Host, path: string): void {
  try {
    if (exists(host, path)) host.ioctl(path, setFlags, 0)
  } catch (error) {
    // Then it was not protected; if it was, writing says so.
    if (!(error instanceof HostError)) throw error
  }
}

function variablePath(name: string): string {
  return `${folder}/${name}-${vendor}`
}

function decode(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const unit = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    if (unit === 0) break
    text += String.fromCharCode(unit)
  }
  return text
}

function encode(text: string): number[] {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return [...units, 0].flatMap((unit) => [unit & 0xff, unit >> 8])
}

import { type Host, HostError } from '../../../host/host.ts'
import { statIfThere } from '../../../host/tree.ts'
import type { Medium } from '../detect.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { loadModules } from '../modprobe.ts'
import { DataSourceError } from '../source-error.ts'
import { noCloudMetadata } from './nocloud.ts'
import { openStackMetadata } from './openstack.ts'

/** Files of a medium that somebody put into the machine. */
export type Files = ReadonlyMap<string, Uint8Array>

const mountPoint = '/run/kiln/seed'
/** Modules of a file system, in case nobody has loaded them yet. */
const drivers: Readonly<Record<string, readonly string[]>> = {
  iso9660: ['isofs'],
  vfat: ['vfat', 'nls_cp437', 'nls_iso8859_1', 'nls_utf8', 'nls_ascii'],
}
/** As for any other cloud-config. */
const largestFile = 1024 * 1024

/** Mounts a medium, read-only and without programs, and reads those files that are there. @throws DataSourceError unreadable */
export function readMedium(host: Host, { device, type }: Medium, names: readonly string[]): Files {
  host.mkdir(mountPoint, { recursive: true, mode: 0o700 })
  loadModules(host, drivers[type] ?? [])
  try {
    host.mount({
      source: device,
      target: mountPoint,
      type,
      flags: ['ro', 'nosuid', 'nodev', 'noexec'],
    })
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    throw new DataSourceError('unreadable', `${device}: ${error.message}`, error)
  }
  try {
    return new Map(names.flatMap((name) => readFile(host, device, name)))
  } finally {
    host.unmount(mountPoint)
  }
}

function readFile(host: Host, device: string, name: string): (readonly [string, Uint8Array])[] {
  const path = `${mountPoint}/${name}`
  const stat = statIfThere(host, path)
  if (stat?.type !== 'file') return []
  if (stat.size > largestFile) {
    throw new DataSourceError('unreadable', `${device}: ${name} has more than ${largestFile} bytes`)
  }
  return [[name, host.readBytes(path, 0, stat.size)]]
}

/** NoCloud's names, and the one that the field also takes. */
export const seedFiles = ['user-data', 'config', 'meta-data', 'vendor-data'] as const

/** @returns undefined where there is no seed on this medium */
export function seedMetadata(files: Files, decode: (bytes: Uint8Array) => string): Metadata | undefined {
  const userdata = files.get('user-data') ?? files.get('config')
  const meta = files.get('meta-data')
  if (userdata === undefined && meta === undefined) return undefined
  return noCloudMetadata({
    metadata: meta && decode(meta),
    userdata,
    vendordata: files.get('vendor-data'),
  })
}

const drive = 'openstack/latest'
export const configDriveFiles = ['meta_data.json', 'user_data', 'vendor_data.json'].map(
  (name) => `${drive}/${name}`,
)

export function configDriveMetadata(
  files: Files,
  decode: (bytes: Uint8Array) => string,
): Metadata | undefined {
  const [meta, userdata, vendordata] = configDriveFiles.map((name) => files.get(name))
  if (meta !== undefined) return openStackMetadata(decode(meta), userdata, vendordata)
  return userdata && metadata({ userdata, vendordata })
}

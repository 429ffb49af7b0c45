import { utf8Bytes } from '@kiln/contract'
import { type Argv, type Host, HostError } from '../../../host/host.ts'
import { decodeBase64 } from '../../base64.ts'
import type { Metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'
import { noCloudMetadata } from './nocloud.ts'

/** Reads a key of guestinfo; undefined where the hypervisor has none. */
export type GuestInfo = (key: string) => string | undefined

/** Either comes with open-vm-tools. */
const programs: readonly ((command: string) => Argv)[] = [
  (command) => ['vmware-rpctool', command],
  (command) => ['vmtoolsd', '--cmd', command],
]
const patienceMs = 5000

/** @throws DataSourceError no-answer where the image has none of the programs */
export function guestInfo(host: Host): GuestInfo {
  return (key) => {
    for (const program of programs) {
      try {
        const { code, stdout } = host.run(program(`info-get guestinfo.${key}`), { timeoutMs: patienceMs })
        return code === 0 ? stdout.replace(/\r?\n$/, '') : undefined
      } catch (error) {
        if (!(error instanceof HostError) || error.errno !== 'ENOENT') throw error
      }
    }
    throw new DataSourceError('no-answer', 'neither vmware-rpctool nor vmtoolsd is in this image')
  }
}

/**
 * Format: cloud-init, "VMware": metadata is YAML as for NoCloud, each key may have an encoding beside it.
 * @param unzip unpacks gzip
 * @returns undefined where nothing was given; `---` is what some tools put there instead
 */
export function readVmware(info: GuestInfo, unzip: (bytes: Uint8Array) => string): Metadata | undefined {
  const read = (key: string): Uint8Array | undefined => {
    const value = info(key)
    if (value === undefined || value === '' || value === '---') return undefined
    return decoded(value, info(`${key}.encoding`) ?? '', key)
  }
  const meta = read('metadata')
  const userdata = read('userdata')
  if (meta === undefined && userdata === undefined) return undefined
  return noCloudMetadata({
    metadata: meta && unzip(meta),
    userdata,
    vendordata: read('vendordata'),
  })
}

/** What is packed by gzip stays so: whoever uses it sees that. */
function decoded(value: string, encoding: string, key: string): Uint8Array {
  const kind = encoding.trim().toLowerCase()
  if (kind === '') return utf8Bytes(value)
  if (!['base64', 'b64', 'gzip+base64', 'gz+b64'].includes(kind)) {
    throw new DataSourceError('unreadable', `guestinfo.${key}.encoding is "${encoding}"`)
  }
  try {
    return decodeBase64(value)
  } catch (error) {
    throw new DataSourceError('unreadable', `guestinfo.${key} ${(error as Error).message}`, error)
  }
}

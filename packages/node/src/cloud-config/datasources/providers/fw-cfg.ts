import type { Host } from '../../../host/host.ts'
import { exists } from '../../../host/tree.ts'
import type { Metadata } from '../metadata.ts'
import { noCloudMetadata } from './nocloud.ts'

/**
 * QEMU's `-fw_cfg name=opt/kiln/user-data,file=…`: the files of a NoCloud seed, without a disk. Format: QEMU, "Firmware
 * Configuration (fw_cfg) Device"; Linux, Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg.
 */
const folder = '/sys/firmware/qemu_fw_cfg/by_name/opt/kiln'

/** Its files say that they are empty. */
const largest = 1024 * 1024

export function readFwCfg(host: Host): Metadata | undefined {
  const read = (name: string): Uint8Array | undefined => {
    const path = `${folder}/${name}/raw`
    return exists(host, path) ? host.readBytes(path, 0, largest) : undefined
  }
  const [userdata, meta, vendordata] = ['user-data', 'meta-data', 'vendor-data'].map(read)
  if (userdata === undefined && meta === undefined) return undefined
  const text = meta && host.readText(`${folder}/meta-data/raw`)
  return noCloudMetadata({ metadata: text, userdata, vendordata })
}

import { splitCommandLine } from '@kiln/contract'
import type { Host } from '../../host/host.ts'
import { exists } from '../../host/tree.ts'
import { devicePath, scanDevices } from '../../initramfs/devices.ts'
import { readDmi } from '../facts/dmi.ts'
import { slurp } from '../facts/slurp.ts'
import type { Medium, Signs } from './detect.ts'
import { loadModules } from './modprobe.ts'
import { readWish } from './wish.ts'

const fwCfg = '/sys/firmware/qemu_fw_cfg'

export interface SignsResult {
  readonly signs: Signs
  /** What somebody wished for and nobody understands. */
  readonly warning: string | undefined
}

/** Looks at the firmware's tables, the command line and the labels of all media. */
export function readSigns(host: Host): SignsResult {
  const dmi = readDmi(host)
  const words = splitCommandLine(slurp(host, '/proc/cmdline'))
  const wish = readWish(words, dmi)
  // Its folder in /sys is there only with its driver.
  if (dmi.sys_vendor === 'QEMU' && !exists(host, fwCfg)) loadModules(host, ['qemu_fw_cfg'])
  const signs = { dmi, words, media: readMedia(host), has: (path: string) => exists(host, path) }
  return typeof wish === 'string'
    ? { signs: { ...signs, wish: undefined }, warning: wish }
    : { signs: { ...signs, wish }, warning: undefined }
}

function readMedia(host: Host): Medium[] {
  return scanDevices(host)
    .filter(({ fileSystem }) => fileSystem.type === 'iso9660' || fileSystem.type === 'vfat')
    .map((device) => ({
      device: devicePath(device),
      type: device.fileSystem.type,
      label: device.fileSystem.label ?? '',
      optical: device.name.startsWith('sr'),
    }))
}

import type { Host } from '../../host/host.ts'
import { slurp } from './slurp.ts'

/** Files of /sys/class/dmi/id. */
export const dmiNames = [
  ...(['bios_date', 'bios_vendor', 'bios_version'] as const),
  ...(['board_asset_tag', 'board_name', 'board_serial', 'board_vendor', 'board_version'] as const),
  ...(['chassis_asset_tag', 'chassis_serial', 'chassis_type', 'chassis_vendor', 'chassis_version'] as const),
  ...(['product_name', 'product_serial', 'product_sku', 'product_uuid', 'product_version'] as const),
  'sys_vendor',
] as const
export type DmiName = (typeof dmiNames)[number]
/** What a machine says it is; empty where it does not say. */
export type Dmi = Readonly<Record<DmiName, string>>

export function readDmi(host: Host): Dmi {
  const read = (name: string) => slurp(host, `/sys/class/dmi/id/${name}`)
  return Object.fromEntries(dmiNames.map((name) => [name, read(name)])) as Dmi
}

/** The blocks of facts that are DMI and nothing else. */
export function dmiKeys(dmi: Dmi) {
  return {
    board: {
      name: dmi.board_name,
      vendor: dmi.board_vendor,
      version: dmi.board_version,
      serial: dmi.board_serial,
      assettag: dmi.board_asset_tag,
    },
    chassis: {
      type: Number(dmi.chassis_type) || 0,
      vendor: dmi.chassis_vendor,
      version: dmi.chassis_version,
      serial: dmi.chassis_serial,
      assettag: dmi.chassis_asset_tag,
    },
    bios: { vendor: dmi.bios_vendor, version: dmi.bios_version, date: dmi.bios_date },
  }
}

import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { architectureFacts, KilnError } from '@kiln/contract'
import { missingTool, type Purpose, requirements } from '../tools/host-tools.ts'
import type { FirmwareFiles } from '../tools/qemu.ts'
import { type GuestArchitecture, machineKinds } from '../tools/qemu-machines.ts'

export type Firmware = FirmwareFiles['kind']

const uefi = {
  amd64: {
    code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
    package: 'ovmf',
  },
  arm64: {
    code: '/usr/share/AAVMF/AAVMF_CODE.fd',
    variables: '/usr/share/AAVMF/AAVMF_VARS.fd',
    package: 'qemu-efi-aarch64',
  },
} as const satisfies Record<GuestArchitecture, object>

/**
 * Firmware for one machine, with variables of its own: what one boot stores there must not reach the next.
 * @param kept file with the variables of a machine that was started before, such as its keys; the machine changes them there, and
 * a file that is not there yet begins as on a new machine
 * @throws KilnError E-FIRMWARE-MISSING with how to install it; E-USAGE for BIOS on a machine that has none
 */
export async function prepareFirmware(
  arch: GuestArchitecture,
  kind: Firmware,
  scratch: string,
  kept?: string,
): Promise<FirmwareFiles> {
  if (kind === 'bios') {
    if (!architectureFacts[arch].bios) throw new KilnError('E-USAGE', `machines of ${arch} have no BIOS`)
    requireSeabios()
    return { kind }
  }
  const files = uefi[arch]
  if (kept !== undefined && existsSync(kept)) return { kind, code: files.code, variables: kept }
  const variables = kept ?? join(scratch, 'variables.fd')
  try {
    await copyFile(files.variables, variables)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw missingFirmware('UEFI', files.variables, files.package)
  }
  return { kind, code: files.code, variables }
}

/** What booting such a machine needs. */
export function bootPurposes(arch: GuestArchitecture): Purpose[] {
  return arch === 'arm64' ? ['boot', 'boot-arm64'] : ['boot']
}

/** The firmware that keeps its variables from the system that it starts, as that of a real machine does. Debian has it for amd64. */
export function guardedFirmware(files: FirmwareFiles): FirmwareFiles {
  if (files.kind === 'bios') throw new KilnError('E-USAGE', 'BIOS has no variables to guard')
  return { ...files, code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', guarded: true }
}

/** @throws KilnError E-TOOL-MISSING with how to install it */
export function requireQemu(arch: GuestArchitecture): void {
  const missing = new Set(
    requirements(bootPurposes(arch)).flatMap(({ name, present }) => (present ? [] : [name])),
  )
  for (const tool of [machineKinds[arch].program, 'setpriv'] as const) {
    if (missing.has(tool)) throw missingTool(tool)
  }
}

function requireSeabios(): void {
  const bios = requirements(['boot']).find(({ name, present }) => name.includes('seabios') && !present)
  if (bios) throw missingFirmware('BIOS', bios.name, bios.package)
}

function missingFirmware(title: string, file: string, debianPackage: string): KilnError {
  return new KilnError('E-FIRMWARE-MISSING', `the ${title} firmware ${file} is not there`, {
    hint: `apt-get install ${debianPackage}`,
  })
}

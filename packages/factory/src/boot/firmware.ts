import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { missingTool, requirements } from '../tools/host-tools.ts'
import type { FirmwareFiles } from '../tools/qemu.ts'

export type Firmware = FirmwareFiles['kind']

const ovmf = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
}

/**
 * Firmware for one machine, with variables of its own: what one boot stores there must not reach the next.
 * @param kept file with the variables of a machine that was started before, such as its keys; the machine changes them there, and
 * a file that is not there yet begins as on a new machine
 * @throws KilnError E-FIRMWARE-MISSING with how to install it
 */
export async function prepareFirmware(
  kind: Firmware,
  scratch: string,
  kept?: string,
): Promise<FirmwareFiles> {
  if (kind === 'bios') {
    requireSeabios()
    return { kind }
  }
  if (kept !== undefined && existsSync(kept)) return { kind, code: ovmf.code, variables: kept }
  const variables = kept ?? join(scratch, 'variables.fd')
  try {
    await copyFile(ovmf.variables, variables)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw missingFirmware('UEFI', ovmf.variables, 'ovmf')
  }
  return { kind, code: ovmf.code, variables }
}

/** @throws KilnError E-TOOL-MISSING with how to install it */
export function requireQemu(): void {
  const missing = new Set(requirements(['boot']).flatMap(({ name, present }) => (present ? [] : [name])))
  for (const tool of ['qemu-system-x86_64', 'setpriv'] as const) {
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

import { biosSectorBytes, vacantBootCode } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { exists, listIfThere } from '../host/tree.ts'
import { InstallError } from './error.ts'
import type { InstallSession, StepOf } from './session.ts'
import { mountPoints } from './step.ts'

/** What a system of Kiln or of the field has on COS_STATE. */
const installed = ['kiln', 'slots', 'cOS'] as const
/** On the EFI partition, what starts first. */
const startable = ['EFI', 'loader', 'kiln'] as const

/** @throws InstallError already-installed */
export function requireVacant(host: Pick<Host, 'list'>): void {
  const found = installed.filter((name) => listIfThere(host, `${mountPoints.state}/${name}`).length > 0)
  if (found.length === 0) return
  throw new InstallError('already-installed', `COS_STATE has the folders ${found.join(', ')}.`)
}

/** Takes an earlier system away, so that nothing of it starts while the new one is incomplete. */
export function clearEarlier({ bios }: StepOf<'clear'>, { host, disk }: InstallSession): void {
  for (const name of startable) host.remove(`${mountPoints.efi}/${name}`, { recursive: true })
  if (exists(host, mountPoints.efi)) host.flush(mountPoints.efi)
  if (bios) {
    const sector = Uint8Array.from(host.readBytes(disk.path, 0, biosSectorBytes))
    sector.set(vacantBootCode)
    host.overwrite(disk.path, 0, sector)
  }
  host.sync()
  for (const name of installed) host.remove(`${mountPoints.state}/${name}`, { recursive: true })
}

import { takeOverDisk } from '../disk/first-boot.ts'
import type { BlockDevice } from './devices.ts'
import type { Session } from './execute.ts'

/**
 * Before anything of the disk is mounted: the first boot of a disk image makes its disk one of this machine. Whatever hinders
 * that is a note; the system starts all the same.
 * @param state COS_STATE of the disk
 * @returns whether the devices have to be looked for again
 */
export function takeOverImage(state: BlockDevice, session: Session): boolean {
  const { host, loaderPartition } = session
  if (state.parent === undefined) return false
  const result = takeOverDisk(host, state.parent)
  if (result.kind === 'none') return false
  if (result.kind === 'failed') {
    session.notes.push(`the disk stays as the image made it: ${result.why}`)
    return false
  }
  session.notes.push(`first boot: /dev/${state.parent} has identities of its own now`, ...result.notes)
  if (loaderPartition !== undefined)
    session.loaderPartition = result.guids[loaderPartition] ?? loaderPartition
  // Where the kernel did not look again, the devices are still those that it had.
  if (result.notes.length > 0) return false
  session.devices = []
  return true
}

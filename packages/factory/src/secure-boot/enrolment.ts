import { join } from 'node:path'
import { type Staging, stageFile } from '../rootfs/staging.ts'
import { isThere } from './key-folder.ts'
import { type Enrolment, enrolled } from './resolve.ts'

/** Where systemd-boot finds keys that it enrols by itself; other names below `loader/keys` are only in its menu. */
const enrolledFolder = '/loader/keys/auto'

/** Puts the updates of the firmware's variables where systemd-boot finds them. They hold nothing that is secret. */
export async function stageEnrolment(staging: Staging, enrolment: Enrolment | undefined): Promise<void> {
  if (!enrolment || enrolment.mode === 'off') return
  const { folder } = enrolment.keys
  for (const name of enrolled.filter((file) => isThere(folder, file)))
    await stageFile(staging, join(folder, name), `${enrolledFolder}/${name}`, 0o644)
}

/** The line of loader.conf, with its end; nothing where nothing is signed. */
export function enrolmentLine(enrolment: Enrolment | undefined): string {
  return enrolment ? `secure-boot-enroll ${enrolment.mode}\n` : ''
}

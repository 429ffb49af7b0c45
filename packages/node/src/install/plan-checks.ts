import type { Payload } from '@kiln/contract'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import type { ActionStage } from '@kiln/contract/cloud-config/schema/stage-names'
import { stepsOf } from '../cloud-config/stages.ts'
import { isCustomMount } from '../initramfs/custom-mounts.ts'
import { plannedUsers } from './admins.ts'
import type { ConfigFile } from './configs.ts'
import { InstallError } from './error.ts'
import type { InstallSettings } from './settings.ts'

/**
 * Somebody must be able to administer the system: nobody can add a user to it without one.
 * @returns warnings
 * @throws InstallError no-admin
 */
export function checkAdmin(configs: readonly CloudConfig[], noUsers: boolean): string[] {
  const users = plannedUsers(configs)
  const admins = users.filter(({ isAdmin }) => isAdmin)
  if (admins.length === 0) {
    if (noUsers) return []
    const names = users.map(({ name }) => name).join(', ')
    const made = names === '' ? 'no user at all' : `only ${names}`
    throw new InstallError('no-admin', `The cloud-configs make ${made}, and none in the group admin.`)
  }
  if (admins.some(({ canLogIn }) => canLogIn)) return []
  return [
    `${admins.map(({ name }) => name).join(', ')}: no administrator has a password or an ssh key in the cloud-configs`,
  ]
}

/** @throws InstallError wrong-machine where the image has no boot loader for the firmware */
export function checkLoader(payload: Payload, firmware: 'uefi' | 'bios' | 'hybrid'): void {
  const needed = [
    ...(firmware === 'bios' ? [] : ['systemd-boot.efi']),
    ...(firmware === 'uefi' ? [] : ['grub-boot.img', 'grub-core.img']),
  ]
  const missing = needed.filter((file) => !payload.bootLoader.files.some((known) => known.file === file))
  if (missing.length === 0) return
  throw new InstallError(
    'wrong-machine',
    `${payload.image.name} has no ${missing.join(' and ')}, which a disk for ${firmware} needs.`,
  )
}

/** @throws InstallError bad-config on a path that cannot be made writable */
export function checkMounts({ bindMounts, ephemeralMounts }: InstallSettings): void {
  const wrong = [...bindMounts, ...ephemeralMounts].filter(
    (path) => !isCustomMount(path, { store: '/usr/local' }),
  )
  if (wrong.length === 0) return
  throw new InstallError(
    'bad-config',
    `install.bind_mounts and install.ephemeral_mounts cannot have ${wrong.join(', ')}.`,
  )
}

const stages = (stage: ActionStage) => [`${stage}.before`, stage, `${stage}.after`] as const

/** Whether a cloud-config has something for a stage. */
export function hasHook(configs: readonly ConfigFile[], stage: ActionStage): boolean {
  return configs.some(({ config }) => stages(stage).some((name) => stepsOf(config, name).length > 0))
}

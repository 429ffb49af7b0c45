import * as z from 'zod/mini'
import { flag, list, openKeys, text } from '../values.ts'
import { SystemSource } from './upgrade.ts'

export const ResetConfig = z.strictObject({
  'reset-persistent': flag,
  'reset-oem': flag,
  reboot: flag,
  poweroff: flag,
  'grub-entry-name': z.optional(text),
  'extra-dirs-rootfs': z.optional(list),
  system: z.optional(SystemSource),
  ...openKeys(['tty']),
})

import * as z from 'zod/mini'
import { flag, openKeys, text } from '../values.ts'

/** `upgrade` of a cloud-config, with the field's keys. Closed: what is not here is an error with its place. */
/** An image to install or to upgrade to. */
export const SystemSource = z.strictObject({
  /** `oci:…` and the other forms; the field also calls it `uri`. */
  source: z.optional(text),
  uri: z.optional(text),
  // Sizes and names of images in files; a slot is as large as its payload, and has no label.
  ...openKeys(['size', 'label', 'fs']),
})

/** Keys of the field that belong to its own way of upgrading. */
export const unusedKeys = ['entry', 'excluded-paths', 'extra-dirs-rootfs', 'grub-entry-name'] as const

export const UpgradeConfig = z.strictObject({
  system: z.optional(SystemSource),
  'recovery-system': z.optional(SystemSource),
  /** Upgrade the recovery system in place of the system. */
  recovery: flag,
  /** Restart when the new generation is armed. */
  reboot: flag,
  poweroff: flag,
  'allow-insecure-registries': flag,
  ...openKeys(unusedKeys),
})
export type UpgradeConfig = z.infer<typeof UpgradeConfig>

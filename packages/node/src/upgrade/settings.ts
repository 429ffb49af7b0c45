import * as z from 'zod/mini'

/** `upgrade` of a cloud-config, with the field's keys. What is only for its own way of upgrading is known and not used. */
const System = z.looseObject({
  /** `oci:…` and the other forms; the field also calls it `uri`. */
  source: z.optional(z.string()),
  uri: z.optional(z.string()),
})

export const UpgradeConfig = z.looseObject({
  system: z.optional(System),
  'recovery-system': z.optional(System),
  /** Upgrade the recovery system in place of the system. */
  recovery: z.optional(z.boolean()),
  /** Restart when the new generation is armed. */
  reboot: z.optional(z.boolean()),
  poweroff: z.optional(z.boolean()),
  'allow-insecure-registries': z.optional(z.boolean()),
})
export type UpgradeConfig = z.infer<typeof UpgradeConfig>

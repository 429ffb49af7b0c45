import { architectures } from '@kiln/contract'
import * as z from 'zod'

/** One file of distros/: everything that Kiln knows of a distribution. Closed, like every schema of Kiln. */
const Services = z.strictObject({
  enable: z.array(z.string()).default([]),
  mask: z.array(z.string()).default([]),
})

export const DistroFile = z.strictObject({
  flavor: z.string(),
  /** Which conversion rules apply: `debian`, `redhat`, `suse`, `alpine`. */
  family: z.string(),
  'package-manager': z.enum(['apt']),
  archive: z.strictObject({
    components: z.array(z.string()),
    keyring: z.string(),
    'keyring-package': z.string(),
  }),
  releases: z.record(z.string(), z.strictObject({ base: z.string() })),
  packages: z.strictObject({ required: z.array(z.string()), default: z.array(z.string()) }),
  kernel: z.partialRecord(z.enum(architectures), z.string()),
  services: Services,
})
export type DistroFile = z.infer<typeof DistroFile>

export const CommonFile = z.strictObject({
  layout: z.strictObject({
    ephemeral: z.array(z.string()),
    persistent: z.array(z.string()),
    store: z.string(),
  }),
  services: Services,
})
export type CommonFile = z.infer<typeof CommonFile>

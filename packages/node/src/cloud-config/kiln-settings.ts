import * as z from 'zod/mini'
import { HealthConfig } from '../health/settings.ts'
import { RegistriesConfig } from '../source/settings.ts'

/** The block `kiln` of a cloud-config: what the field has no key for. */
export const KilnSettings = z.strictObject({
  /** How registries are reached; see source/settings.ts. */
  registries: z.optional(RegistriesConfig),
  /** Probes of the health gate; see health/settings.ts. */
  health: z.optional(HealthConfig),
  /** How many good generations stay. */
  keep: z.optional(z.int().check(z.minimum(2, 'must be at least 2'))),
})

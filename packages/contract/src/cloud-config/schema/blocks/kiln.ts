import * as z from 'zod/mini'
import { HealthConfig } from './health.ts'
import { RegistriesConfig } from './registries.ts'

/** The block `kiln` of a cloud-config: what the field has no key for. */
export const KilnSettings = z.strictObject({
  /** How registries are reached; see registries.ts. */
  registries: z.optional(RegistriesConfig),
  /** Probes of the health gate; see health.ts. */
  health: z.optional(HealthConfig),
  /** How many good generations stay. */
  keep: z.optional(z.int().check(z.minimum(2, 'must be at least 2'))),
})

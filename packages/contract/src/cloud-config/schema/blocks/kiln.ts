import * as z from 'zod/mini'
import { HealthConfig } from './health.ts'
import { RegistriesConfig } from './registries.ts'
import { StageSettings } from './stage-settings.ts'

/** The block `kiln` of a cloud-config: what the field has no key for. */
export const KilnSettings = z.strictObject({
  /** How registries are reached; see registries.ts. */
  registries: z.optional(RegistriesConfig),
  /** Probes of the health gate; see health.ts. */
  health: z.optional(HealthConfig),
  /** What failures mean, and how long things may take; see stage-settings.ts. */
  stages: z.optional(StageSettings),
  /** How many good generations stay. */
  keep: z.optional(z.int().check(z.minimum(2, 'must be at least 2'))),
})

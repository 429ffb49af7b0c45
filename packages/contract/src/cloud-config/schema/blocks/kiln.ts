import * as z from 'zod/mini'
import { filled, flag, list, text } from '../values.ts'
import { HealthConfig } from './health.ts'
import { RegistriesConfig } from './registries.ts'
import { StageSettings } from './stage-settings.ts'

/** The block `kiln` of a cloud-config: what the field has no key for. */
export const KilnSettings = z.strictObject({
  /** How registries are reached; see registries.ts. */
  registries: z.optional(RegistriesConfig),
  /** Probes of the health gate; see health.ts. */
  health: z.optional(HealthConfig),
  /** Unknown keys of this file are told and left out, instead of being errors. */
  lenient: flag,
  /** Top-level blocks that a provider on this node reads: whatever is in them is not for Kiln to judge. */
  'provider-blocks': z.optional(list),
  /** Lists of maps that are merged by a key of their maps instead of one behind the other: `users: name`. */
  merge: z.optional(z.record(text, filled)),
  /** What failures mean, and how long things may take; see stage-settings.ts. */
  stages: z.optional(StageSettings),
  /** How many good generations stay. */
  keep: z.optional(z.int().check(z.minimum(2, 'must be at least 2'))),
})

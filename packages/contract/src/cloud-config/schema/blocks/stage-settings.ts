import * as z from 'zod/mini'
import { settableStages } from '../stage-names.ts'
import { FailurePolicy } from '../step.ts'
import { Duration } from '../values.ts'

/** What holds for all steps of one stage that say nothing themselves. */
const StageSetting = z.strictObject({
  on_failure: z.optional(FailurePolicy),
  /** Seconds for each program. */
  timeout: z.optional(Duration),
})

/** `kiln.stages` of a cloud-config: stage → setting, for the stage with its `.before` and `.after`. */
export const StageSettings = z.partialRecord(z.enum(settableStages), StageSetting)
export type StageSettings = z.infer<typeof StageSettings>

import * as z from 'zod/mini'
import { list, Scalars, text, Url } from '../values.ts'

/** The fleet manager that a node reports to. */
export const PhoneHomeConfig = z.strictObject({
  url: z.optional(Url),
  registration_token: z.optional(text),
  group: z.optional(text),
  labels: z.optional(Scalars),
  heartbeat_interval: z.optional(text),
  reconnect_backoff: z.optional(text),
  artifact_download_retries: z.optional(z.int()),
  artifact_download_retry_interval: z.optional(text),
  allowed_commands: z.optional(list),
})

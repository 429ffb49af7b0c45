import * as z from 'zod/mini'
import { Duration } from '../values.ts'

/** `kiln.health` of a cloud-config: what a new generation has to show before it counts as good. */
const list = z.array(z.string())

const Http = z.union([
  z.string(),
  z.strictObject({
    url: z.string(),
    /** The status that is expected; default: any below 400. */
    status: z.optional(z.int()),
    /** The certificate may be anybody's. */
    insecure: z.optional(z.boolean()),
  }),
])

export const HealthConfig = z.strictObject({
  /** Seconds from the start of the gate; default 5 minutes. */
  timeout: z.optional(Duration),
  /** Units of systemd that have to be active. */
  units: z.optional(list),
  /** Paths where something has to be mounted. */
  mounts: z.optional(list),
  /** Commands for the shell that have to end with 0. */
  command: z.optional(z.union([z.string(), list])),
  /** `host:port` that has to take connections. */
  tcp: z.optional(list),
  http: z.optional(z.array(Http)),
  /** This machine has to be a ready node of its cluster. */
  kubernetes: z.optional(z.boolean()),
})
export type HealthConfig = z.infer<typeof HealthConfig>

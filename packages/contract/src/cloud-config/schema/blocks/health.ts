import * as z from 'zod/mini'

/** `kiln.health` of a cloud-config: what a new generation has to show before it counts as good. */
const list = z.array(z.string())

const durationPattern = /^(\d{1,6})(s|m|h)$/
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** A number counts seconds. */
const Duration = z.union([
  z.pipe(
    z.string().check(z.regex(durationPattern, 'must be a number of seconds, or a time such as "5m"')),
    z.transform((text) => {
      const [, amount, unit = 's'] = text.match(durationPattern) ?? []
      return Number(amount) * (unitSeconds[unit] ?? 1)
    }),
  ),
  z.int().check(z.positive('must be greater than 0')),
])

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

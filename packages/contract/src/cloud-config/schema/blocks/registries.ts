import * as z from 'zod/mini'

const mirror = /^[A-Za-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/

/**
 * `kiln.registries` of a cloud-config: how the registries of this node are reached, by their names. `*` is for all that have
 * no entry of their own.
 *
 *     kiln:
 *       registries:
 *         registry.example.org:
 *           mirrors: [mirror.lan:5000/cache]
 *           ca: /oem/example-ca.crt
 *         mirror.lan:5000:
 *           plain-http: true
 */
export const RegistryConfig = z.strictObject({
  /** Asked before the registry itself, in this order: `host[:port][/prefix]`. */
  mirrors: z.optional(
    z.array(z.string().check(z.regex(mirror, 'is not host[:port][/prefix], without a scheme'))),
  ),
  /** File of the authorities that vouch for it, PEM. */
  ca: z.optional(z.string().check(z.regex(/^\/[^\0\n]*$/, 'must be an absolute path'))),
  /** Talk to it without encryption. */
  'plain-http': z.optional(z.boolean()),
})
export const RegistriesConfig = z.record(z.string(), RegistryConfig)

export type RegistriesConfig = z.infer<typeof RegistriesConfig>
export type RegistryConfig = z.infer<typeof RegistryConfig>

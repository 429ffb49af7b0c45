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

/** A place that answers for a registry: the registry itself or a mirror of it. */
export interface Endpoint {
  /** `host[:port]`; also the name under which credentials are looked up. */
  readonly host: string
  /** Before the repository: `cache/`, or nothing. */
  readonly prefix: string
  readonly plainHttp: boolean
  readonly authority: string | undefined
}

export interface RegistrySettings {
  readonly registries: RegistriesConfig
  /** Without encryption, wherever: a person said so on the command line. */
  readonly allowInsecure: boolean
}

/** Docker's registry is reached under another name than it goes by. */
const realHosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** Mirrors first, the registry itself last. */
export function endpointsOf(registry: string, settings: RegistrySettings): Endpoint[] {
  const { mirrors = [] } = entryFor(registry, settings)
  const chosen = mirrors.map((mirror) => {
    const [host = '', ...path] = mirror.split('/')
    return endpoint(host, path.length === 0 ? '' : `${path.join('/')}/`, settings)
  })
  return [...chosen, endpoint(registry, '', settings)]
}

export function endpoint(host: string, prefix: string, settings: RegistrySettings): Endpoint {
  const { ca, 'plain-http': plainHttp = false } = entryFor(host, settings)
  return { host, prefix, plainHttp: plainHttp || settings.allowInsecure, authority: ca }
}

/** `https` where there is a choice: who allows plain HTTP means a registry that has nothing else. */
export function addressOf({ host, plainHttp }: Endpoint): string {
  const real = Object.hasOwn(realHosts, host) ? realHosts[host] : host
  return `${plainHttp ? 'http' : 'https'}://${real}`
}

function entryFor(registry: string, { registries }: RegistrySettings): z.infer<typeof RegistryConfig> {
  return (Object.hasOwn(registries, registry) ? registries[registry] : registries['*']) ?? {}
}

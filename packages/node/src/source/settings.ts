import type { RegistriesConfig, RegistryConfig } from '@kiln/contract/cloud-config/schema/blocks/registries'

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

function entryFor(registry: string, { registries }: RegistrySettings): RegistryConfig {
  return (Object.hasOwn(registries, registry) ? registries[registry] : registries['*']) ?? {}
}

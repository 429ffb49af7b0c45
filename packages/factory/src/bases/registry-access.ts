import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'

/**
 * How a registry is reached. It changes where bytes come from, never which: images are named by digest. So it is no part
 * of a step's parameters, and secrets stay in the files that it names.
 */
export interface RegistryAccess {
  /** Credentials in the form of docker's config.json, which containers' auth.json shares. */
  readonly authFile?: string | undefined
  /** Mirrors, in the form of containers-registries.conf(5). */
  readonly registriesConf?: string | undefined
  /** Folder with `*.crt` of private authorities, `*.cert` and `*.key` of the client: containers-certs.d(5). */
  readonly certFolder?: string | undefined
  /** Authorities that the machine trusts, one file. */
  readonly trustFile?: string | undefined
  /** Plain HTTP and certificates that nobody vouches for. */
  readonly allowInsecure: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where distributions keep the authorities that they trust: Debian, Alpine and Arch; Fedora; SUSE. */
const trustFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
]

/**
 * What the user's surroundings say, by the names that podman, skopeo and docker use: REGISTRY_AUTH_FILE, DOCKER_CONFIG,
 * CONTAINERS_REGISTRIES_CONF, SSL_CERT_FILE. Kiln's own: KILN_REGISTRY_CERTS (folder), KILN_REGISTRY_INSECURE=1.
 * @throws KilnError E-REGISTRY-DENIED where a file that was named for credentials cannot be read
 */
export function registryAccess(env: Environment, reference?: string): RegistryAccess {
  return {
    authFile: reference === undefined ? undefined : findAuthFile(env, registryOf(reference)),
    registriesConf: [
      env.CONTAINERS_REGISTRIES_CONF,
      below(env.HOME, '.config/containers/registries.conf'),
      '/etc/containers/registries.conf',
    ].find(isThere),
    certFolder: env.KILN_REGISTRY_CERTS || undefined,
    trustFile: [env.SSL_CERT_FILE, ...trustFiles].find(isThere),
    allowInsecure: env.KILN_REGISTRY_INSECURE === '1',
  }
}

/** Host of a reference; what has none is Docker's own registry. */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/')
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : 'docker.io'
}

/** The first file, in the order of skopeo, that has credentials for the registry; else the first that is there. */
function findAuthFile(env: Environment, registry: string): string | undefined {
  const named = env.REGISTRY_AUTH_FILE
  if (named) {
    if (readAuths(named)) return named
    throw new KilnError('E-REGISTRY-DENIED', `the file of credentials ${named} cannot be read`, {
      hint: 'REGISTRY_AUTH_FILE must name a file as docker login and podman login write it',
    })
  }
  const candidates = [
    below(env.XDG_RUNTIME_DIR, 'containers/auth.json'),
    below(env.HOME, '.config/containers/auth.json'),
    below(env.DOCKER_CONFIG, 'config.json') ?? below(env.HOME, '.docker/config.json'),
  ]
  const files = candidates.flatMap((file) => {
    const auths = file === undefined ? undefined : readAuths(file)
    return file !== undefined && auths ? [{ file, entries: Object.entries(auths) }] : []
  })
  const fitting = files.find(({ entries }) =>
    entries.some(([key, entry]) => isFor(key, registry) && hasSecret(entry)),
  )
  // A mirror may stand in for the registry, and have its entry under its own name.
  return (fitting ?? files[0])?.file
}

/** Keys are `host`, `host/name`, or the address that docker writes for its own registry. */
function isFor(key: string, registry: string): boolean {
  const host = key.replace(/^https?:\/\//, '').split('/')[0]
  return host === registry || (registry === 'docker.io' && host === 'index.docker.io')
}

/** Where a helper program keeps the secret, docker leaves an empty entry. */
function hasSecret(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && ('auth' in entry || 'identitytoken' in entry)
}

/** Nothing of what is in the file may get into an error, so its own is dropped. */
function readAuths(file: string): Record<string, unknown> | undefined {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as { readonly auths?: Record<string, unknown> }
    return content.auths ?? {}
  } catch {
    return undefined
  }
}

function below(folder: string | undefined, path: string): string | undefined {
  return folder ? join(folder, path) : undefined
}

function isThere(path: string | undefined): path is string {
  return path !== undefined && path !== '' && existsSync(path)
}

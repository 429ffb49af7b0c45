/**
 * Credentials as `docker login` and `podman login` write them: docker's config.json, containers-auth.json(5). Programs that
 * keep secrets elsewhere (`credsStore`, `credHelpers`) are not asked.
 */
export type Credentials =
  /** What stands behind `Authorization: Basic`. */
  | { readonly kind: 'basic'; readonly encoded: string }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** Is exchanged for a token at the realm; OAuth's refresh token. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Goes to the registry as it is. */
  | { readonly kind: 'token'; readonly token: string }

interface Entry {
  readonly auth?: unknown
  readonly username?: unknown
  readonly password?: unknown
  readonly identitytoken?: unknown
  readonly registrytoken?: unknown
}

/** The file is not what docker writes. It is never quoted: it holds secrets. */
export class BadCredentials extends Error {}

/**
 * The entry for a repository: the one with the longest name that fits, `host/team/name` before `host/team` before `host`.
 * @param text content of the file
 * @throws BadCredentials
 */
export function credentialsIn(text: string, registry: string, repository: string): Credentials | undefined {
  const names = keysFor(registry, repository)
  const auths = new Map(Object.entries(readAuths(text)).map(([key, entry]) => [plainKey(key), entry]))
  for (const name of names) {
    const found = auths.get(name)
    const credentials = found === undefined ? undefined : entryCredentials(found)
    if (credentials) return credentials
  }
  return undefined
}

function keysFor(registry: string, repository: string): string[] {
  const parts = repository.split('/')
  const nested = parts.map((_, index) => [registry, ...parts.slice(0, parts.length - index)].join('/'))
  // Docker's own registry goes by its first name there.
  return [...nested, registry, ...(registry === 'docker.io' ? ['index.docker.io'] : [])]
}

/** Docker writes addresses, podman names: `https://index.docker.io/v1/`, `registry.example/team`. */
function plainKey(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '')
}

function readAuths(text: string): Record<string, Entry> {
  let content: { readonly auths?: unknown }
  try {
    content = JSON.parse(text) as typeof content
  } catch {
    throw new BadCredentials()
  }
  const auths = content?.auths ?? {}
  if (typeof auths !== 'object' || Array.isArray(auths)) throw new BadCredentials()
  return auths as Record<string, Entry>
}

function entryCredentials(entry: Entry): Credentials | undefined {
  const { auth, username, password, identitytoken, registrytoken } = entry ?? {}
  if (isText(registrytoken)) return { kind: 'token', token: registrytoken }
  if (isText(identitytoken)) return { kind: 'identity', token: identitytoken }
  // Line breaks come from base64(1).
  if (isText(auth)) return { kind: 'basic', encoded: auth.replace(/\s+/g, '') }
  return isText(username) && typeof password === 'string'
    ? { kind: 'password', user: username, password }
    : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

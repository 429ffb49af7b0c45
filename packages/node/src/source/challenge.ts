/**
 * What a server wants to see before it answers: the header WWW-Authenticate, RFC 9110 §11, and for bearer tokens the
 * registries' own keys `realm`, `service` and `scope`.
 */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer'
      /** Address that hands out tokens. */
      readonly realm: string
      readonly service: string | undefined
      readonly scope: string | undefined
    }

/** The strongest challenge of all header lines that Kiln can meet: a token before a password. */
export function chooseChallenge(headers: readonly string[]): Challenge | undefined {
  const all = headers.flatMap(parseChallenges)
  return all.find(({ scheme }) => scheme === 'bearer') ?? all[0]
}

/** Challenges of one header line; schemes that nobody here knows are left out. */
export function parseChallenges(header: string): Challenge[] {
  return splitChallenges(header).flatMap(({ scheme, parameters }): Challenge[] => {
    if (scheme === 'basic') return [{ scheme }]
    const realm = parameters.get('realm')
    if (scheme !== 'bearer' || realm === undefined) return []
    return [{ scheme, realm, service: parameters.get('service'), scope: parameters.get('scope') }]
  })
}

interface RawChallenge {
  readonly scheme: string
  readonly parameters: Map<string, string>
}

/** `name=value` or `name="value"`, with `\"` inside; or a word that no = follows: a scheme. */
const part = /\s*,*\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/gy

function splitChallenges(header: string): RawChallenge[] {
  const found: RawChallenge[] = []
  for (const [, name = '', quoted, plain] of header.matchAll(part)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain
    if (value === undefined) found.push({ scheme: name.toLowerCase(), parameters: new Map() })
    else found.at(-1)?.parameters.set(name.toLowerCase(), value)
  }
  return found
}

/** What a token is good for, as registries name it; asked for where the challenge does not say. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`
}

/** The token in what a realm answered: docker's key is `token`, OAuth's `access_token`. */
export function tokenIn(answer: string): string | undefined {
  try {
    const { token, access_token } = JSON.parse(answer) as Record<string, unknown>
    return [token, access_token].find((value): value is string => typeof value === 'string' && value !== '')
  } catch {
    return undefined
  }
}

import { createHash, timingSafeEqual } from 'node:crypto'
import { KilnError } from '@kiln/contract'
import type { Handler, ServeRequest } from './http.ts'

/** Who may read: whoever has one of some tokens. They are kept as hashes only. */
export interface Tokens {
  has(request: ServeRequest): boolean
}

const shortest = 16

/**
 * Reads a file of tokens: one a line, empty lines and lines with `#` are left out.
 * @throws KilnError E-USAGE where there is none, or one that is too short
 */
export function readTokens(text: string, file: string): Tokens {
  const tokens = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (tokens.length === 0) throw new KilnError('E-USAGE', `there is no token in ${file}`, { hint: howTo })
  if (tokens.some((token) => token.length < shortest || /\s/.test(token))) {
    throw new KilnError('E-USAGE', `a token in ${file} has less than ${shortest} characters, or blanks`, {
      hint: howTo,
    })
  }
  const known = tokens.map(hash)
  return {
    has: (request) =>
      tokensOf(request).some((token) => known.some((each) => timingSafeEqual(each, hash(token)))),
  }
}

const howTo = 'one token a line: openssl rand -hex 32'

/** Bearer, the password of Basic as docker login sends it, or `token` in the query for what can do neither. */
function tokensOf({ headers, query }: ServeRequest): string[] {
  const [, scheme = '', value = ''] = headers.authorization?.toString().match(/^(\w+) (.+)$/) ?? []
  const inQuery = query.get('token')
  return [
    ...(scheme.toLowerCase() === 'bearer' ? [value] : []),
    ...(scheme.toLowerCase() === 'basic' ? [passwordOf(value)] : []),
    ...(inQuery === null ? [] : [inQuery]),
  ]
}

function passwordOf(basic: string): string {
  const text = Buffer.from(basic, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Lets through who has a token. */
export function requireToken(tokens: Tokens): Handler {
  return (request) => {
    if (tokens.has(request)) return undefined
    const errors = [{ code: 'UNAUTHORIZED', message: 'a token is needed' }]
    return {
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="kiln"', 'content-type': 'application/json' },
      body: JSON.stringify({ errors }),
    }
  }
}

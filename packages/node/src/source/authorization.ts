import { type Challenge, chooseChallenge, pullScope, tokenIn } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import type { CurlRequest } from './curl-config.ts'
import { SourceError } from './error.ts'
import { addressOf, type Endpoint } from './settings.ts'
import { ask, type Question, type Wire } from './wire.ts'

/** What goes into a request so that a server lets it through. */
export type Pass = Pick<CurlRequest, 'headers' | 'user'>

export interface Identity {
  readonly credentials: Credentials
  /** The file that they are from, for messages. */
  readonly file: string
}

interface Asked {
  readonly endpoint: Endpoint
  readonly repository: string
  readonly identity: Identity | undefined
}

/**
 * Meets what a server demanded in its answer 401.
 * @throws SourceError unauthorized, insecure, and what asking for a token can throw
 */
export function meetChallenge(wire: Wire, headers: readonly string[], asked: Asked): Pass {
  const { endpoint, identity } = asked
  const challenge = chooseChallenge(headers)
  if (challenge?.scheme === 'bearer') return bearer(wire, challenge, asked)
  if (!identity) {
    throw new SourceError('unauthorized', `${endpoint.host} wants credentials, and there are none for it`)
  }
  return passOf(identity)
}

/** Shows credentials to a server as they are, without asking it what it wants. */
export function passOf({ credentials }: Identity): Pass {
  switch (credentials.kind) {
    case 'basic':
      return { headers: [`Authorization: Basic ${credentials.encoded}`] }
    case 'password':
      return { user: { name: credentials.user, password: credentials.password } }
    case 'token':
    case 'identity':
      return bearerPass(credentials.token)
  }
}

function bearer(wire: Wire, challenge: Extract<Challenge, { scheme: 'bearer' }>, asked: Asked): Pass {
  const { endpoint, identity } = asked
  if (identity?.credentials.kind === 'token') return bearerPass(identity.credentials.token)
  const name = `the token for ${endpoint.host}`
  if (!challenge.realm.startsWith('https://') && !endpoint.plainHttp) {
    throw new SourceError('insecure', `${endpoint.host} would have credentials sent without encryption`)
  }
  const question: Question = {
    url: challenge.realm,
    plainHttp: endpoint.plainHttp,
    ...(endpoint.authority === undefined ? {} : { authority: endpoint.authority }),
    ...tokenRequest(challenge, asked),
  }
  return ask(wire, question, name, ({ status, text }) => {
    if (status === 400 || status === 401 || status === 403) throw refused(asked)
    const token = tokenIn(text)
    if (status !== 200 || token === undefined) {
      throw new SourceError('unreachable', `${name}: the answer is no token (status ${status})`)
    }
    return bearerPass(token)
  })
}

function bearerPass(token: string): Pass {
  return { headers: [`Authorization: Bearer ${token}`] }
}

/** Docker Registry v2 authentication: a GET with the password, or for an identity token a form of OAuth. */
function tokenRequest(
  { service, scope }: Extract<Challenge, { scheme: 'bearer' }>,
  { repository, identity }: Asked,
): Partial<Question> {
  const form = { ...(service === undefined ? {} : { service }), scope: scope ?? pullScope(repository) }
  if (identity?.credentials.kind !== 'identity') {
    return { form, ...(identity && passOf(identity)) }
  }
  const grant = { grant_type: 'refresh_token', client_id: 'kiln-agent' }
  return { form: { ...form, ...grant, refresh_token: identity.credentials.token }, post: true }
}

/** Told apart, for what has to be mended differs. */
export function refused({ endpoint, repository, identity }: Asked): SourceError {
  const what = `${addressOf(endpoint).replace(/^https?:\/\//, '')} does not give out ${endpoint.prefix}${repository}`
  return new SourceError(
    'unauthorized',
    identity
      ? `${what}: the credentials of ${identity.file} are wrong, expired, or not for this`
      : `${what}: it wants credentials, and there are none for it`,
  )
}

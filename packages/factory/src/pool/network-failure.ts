/** A failure of the network in words, as the end of a sentence, and what to do. */
export interface NetworkFailure {
  readonly reason: string
  readonly hint: string
}

interface Peer {
  /** Host, and port where it is not the usual one; or the proxy, which is then the one that is talked to. */
  readonly name: string
  readonly isProxy: boolean
}

type Words = (peer: Peer) => { reason: string; advice: string }

const look = 'check the network of this machine'
const checkName = ({ isProxy }: Peer) =>
  isProxy ? 'check the name in the settings of the proxy' : 'check the spelling of "mirror" in kiln.yaml'

/** By the code of the error: errno(3), and those of the resolver and of Node.js. */
const wordsByCode: Readonly<Record<string, Words>> = {
  ENOTFOUND: (peer) => ({
    reason: `the name of ${peer.name} is not known to DNS`,
    advice: `${checkName(peer)}, and the name servers in /etc/resolv.conf`,
  }),
  EAI_AGAIN: ({ name }) => ({
    reason: `no name server answers for ${name}`,
    advice: 'check the network and the name servers in /etc/resolv.conf',
  }),
  ECONNREFUSED: ({ name }) => ({
    reason: `${name} refuses connections`,
    advice: 'check that the address is right and that something listens there',
  }),
  ENETUNREACH: ({ name }) => ({ reason: `no network leads to ${name}`, advice: look }),
  EHOSTUNREACH: ({ name }) => ({ reason: `no route leads to ${name}`, advice: look }),
  ETIMEDOUT: ({ name }) => ({
    reason: `${name} does not answer: the time is up`,
    advice: `${look}, and whether a firewall is in between`,
  }),
  ECONNRESET: ({ name }) => ({ reason: `${name} broke the connection off`, advice: look }),
  EPIPE: ({ name }) => ({ reason: `${name} broke the connection off`, advice: look }),
}

const untrusted =
  /^(CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/

/** @param proxy that was in between, with or without a password */
export function networkFailure(cause: unknown, url: URL, proxy: string | undefined): NetworkFailure {
  const error = firstOf(cause)
  const { code = '' } = error
  const peer =
    proxy === undefined ? { name: url.host, isProxy: false } : { name: proxyName(proxy), isProxy: true }
  const { reason, advice } = words(error, code, peer, url)
  return { reason, hint: `${advice}; ${proxyAdvice(proxy)}` }
}

function words(error: Failure, code: string, peer: Peer, url: URL): ReturnType<Words> {
  const known = wordsByCode[code]
  if (known) return known(peer)
  if (code === 'ABORT_ERR' || error.name === 'TimeoutError')
    return wordsByCode.ETIMEDOUT?.(peer) as ReturnType<Words>
  if (untrusted.test(code)) {
    return {
      reason: `the certificate of ${url.host} is not trusted: ${error.message}`,
      advice:
        'check the clock of this machine; an authority of your own belongs into /usr/local/share/ca-certificates (update-ca-certificates)',
    }
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return {
      reason: `${url.host} does not speak TLS: ${error.message}`,
      advice: 'check "mirror" in kiln.yaml: http or https',
    }
  }
  return {
    reason: error.message || code || 'it failed without a reason',
    advice: `${look} and "mirror" in kiln.yaml`,
  }
}

type Failure = Partial<NodeJS.ErrnoException> & { readonly message: string }

/** Where several addresses of a host were tried, the first one tells. */
function firstOf(cause: unknown): Failure {
  if (cause instanceof AggregateError && cause.errors.length > 0) return firstOf(cause.errors[0])
  if (!(cause instanceof Error)) return { message: String(cause) }
  return cause.cause instanceof Error && !('code' in cause) ? firstOf(cause.cause) : cause
}

function proxyName(proxy: string): string {
  return `the proxy ${URL.canParse(proxy) ? new URL(proxy).host : 'of this machine'}`
}

function proxyAdvice(proxy: string | undefined): string {
  return proxy === undefined
    ? 'where this machine needs a proxy, set http_proxy and https_proxy, or Acquire::http::Proxy in apt.conf'
    : 'the proxy comes from Acquire::http::Proxy in apt.conf, or from http_proxy and https_proxy; no_proxy lists exceptions'
}

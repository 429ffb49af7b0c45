import type { IncomingMessage } from 'node:http'
import { get as getTls, Agent as TlsAgent } from 'node:https'
import { getCACertificates } from 'node:tls'
import { machineProxy } from '../tools/apt-proxy.ts'
import { networkFailure } from './network-failure.ts'

const mostRedirects = 5

/** An import of it would load all of `fetch` and WebSockets, a tenth of the time of a build that has nothing to do. */
const { Agent, get: getPlain } = process.getBuiltinModule('node:http')

/**
 * Asks for an address, over the proxy that apt would take on this machine, and follows redirects. The answer is a stream
 * of bytes, whatever its status; who does not read it has to destroy it.
 * @throws what Node.js has to say; {@link failureOf} puts it into words
 */
export async function httpGet(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  let address = new URL(url)
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(address, signal)
    const { statusCode = 0, headers } = answer
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return answer
    answer.destroy()
    if (redirects === mostRedirects) throw new Error('too many redirects')
    address = new URL(headers.location, address)
  }
}

async function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  signal.throwIfAborted()
  const proxy = await machineProxy(url)
  if (proxy !== undefined && !/^https?:/i.test(proxy))
    throw new Error('only http and https proxies can be used')
  const isTls = url.protocol === 'https:'
  const options = {
    agent: isTls ? tlsAgent(proxy) : plainAgent(proxy),
    signal,
    headers: { 'user-agent': 'kiln' },
  }
  return new Promise((resolve, reject) => {
    const request = isTls ? getTls(url, options, resolve) : getPlain(url, options, resolve)
    request.on('error', reject)
  })
}

/** Why nothing came from an address, and what to do; with the proxy that was in between. */
export async function failureOf(url: string, cause: unknown): Promise<{ reason: string; hint: string }> {
  const proxy = await machineProxy(new URL(url)).catch(() => undefined)
  return networkFailure(cause, new URL(url), proxy)
}

/** Connections are kept for the next file. */
const plainAgent = agents((proxyEnv) => new Agent({ keepAlive: true, ...proxyEnv }))
const tlsAgent = agents((proxyEnv) => new TlsAgent({ keepAlive: true, ca: authorities(), ...proxyEnv }))

interface ProxyOption {
  readonly proxyEnv?: { readonly http_proxy: string; readonly https_proxy: string }
}

function agents<T>(make: (option: ProxyOption) => T): (proxy: string | undefined) => T {
  const made = new Map<string | undefined, T>()
  return (proxy) => {
    const option = proxy === undefined ? {} : { proxyEnv: { http_proxy: proxy, https_proxy: proxy } }
    const agent = made.get(proxy) ?? make(option)
    made.set(proxy, agent)
    return agent
  }
}

/** apt trusts those of the machine, so they count here, too. */
function authorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
}

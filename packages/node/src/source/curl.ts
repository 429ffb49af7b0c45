import { type Host, HostError } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { type CurlRequest, curlConfig, headersOf, parseOutcome } from './curl-config.ts'
import { SourceError, type SourceReason } from './error.ts'

export interface Answer {
  /** HTTP status: 200, 404 … */
  readonly status: number
  /** Who was connected to at last; a proxy, where there is one. */
  readonly address?: string
  /** Values of a header of the last answer. */
  header(name: string): string[]
}

/** A request that got no whole answer. `status` is 0 where none came at all. */
export interface Failure extends Answer {
  readonly reason: SourceReason
  readonly detail: string
  /** Trying again may help. */
  readonly passing: boolean
  /** The server cannot continue where a file ends. */
  readonly cannotResume: boolean
}

export type CurlResult =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: Failure }

const curlName = 'curl'

/** Runs one request. @throws SourceError tool-missing; HostError where a watcher throws one */
export function curl(host: Host, request: CurlRequest, look?: () => void): CurlResult {
  const { code, stdout, stderr } = runCurl(host, request, look)
  const { status, address } = parseOutcome(stdout)
  const dump = readIfThere(host, request.headerFile) ?? ''
  const answer = {
    status,
    ...(address === undefined ? {} : { address }),
    header: (name: string) => headersOf(dump, name),
  }
  if (code === 0) return { ok: true, answer }
  return { ok: false, failure: { ...answer, ...failureOf(code, status, stderr) } }
}

/** Kills who writes a file beyond so many blocks of 512 bytes: curl looks at the length that a server promises first. */
const withLimit = 'ulimit -f "$1"; shift; exec "$@"'
const blockBytes = 512

function runCurl(host: Host, request: CurlRequest, look: (() => void) | undefined) {
  // -q: nobody's .curlrc. Everything else comes on standard input.
  const argv = [curlName, '-q', '--config', '-'] as const
  const blocks = request.hardLimit === undefined ? undefined : Math.ceil(request.hardLimit / blockBytes)
  const limited = ['sh', '-c', withLimit, 'sh', String(blocks), ...argv] as const
  try {
    return host.run(blocks === undefined ? argv : limited, {
      input: curlConfig(request),
      ...(look ? { watch: { every: 250, look } } : {}),
      // A second more than curl itself is given: it may hang in the resolver.
      ...(request.seconds === undefined ? {} : { timeoutMs: (request.seconds + 1) * 1000 }),
    })
  } catch (error) {
    if (!(error instanceof HostError) || error.errno !== 'ENOENT' || error.path !== curlName) throw error
    throw new SourceError('tool-missing', 'there is no curl in this image', error)
  }
}

type Explanation = readonly [reason: SourceReason, passing: boolean]

/** Exit codes of curl(1). Those that are not here are taken for a network that fails. */
const codes: Readonly<Record<number, Explanation>> = {
  1: ['insecure', false],
  3: ['bad-reference', false],
  6: ['unreachable', true],
  7: ['unreachable', true],
  18: ['truncated', true],
  22: ['unreachable', false],
  23: ['no-space', false],
  26: ['unreadable', false],
  28: ['unreachable', true],
  33: ['truncated', true],
  35: ['unreachable', true],
  47: ['unreachable', false],
  51: ['untrusted', false],
  52: ['truncated', true],
  55: ['truncated', true],
  56: ['truncated', true],
  58: ['untrusted', false],
  60: ['untrusted', false],
  63: ['digest-mismatch', false],
  77: ['untrusted', false],
  83: ['untrusted', false],
  90: ['untrusted', false],
  91: ['untrusted', false],
  92: ['truncated', true],
}
const httpError = 22
const rangeError = 33
const handshakeError = 35
/** What the libraries of TLS say to a server that does not speak it: OpenSSL, GnuTLS. */
const noTls = /wrong version number|unexpected TLS packet|http request/i

function explain(code: number, stderr: string): Explanation {
  if (code === handshakeError && noTls.test(stderr)) return ['insecure', false]
  return codes[code] ?? ['unreachable', true]
}

export function failureOf(code: number, status: number, stderr: string): Omit<Failure, keyof Answer> {
  const [reason, passing] = explain(code, stderr)
  return {
    reason,
    passing: passing || (code === httpError && isPassing(status)),
    detail: messageOf(stderr) ?? `curl ended with ${code}`,
    cannotResume: code === rangeError || status === 416,
  }
}

/** The server is busy or broken for the moment. */
export function isPassing(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status)
}

/** `curl: (7) Failed to connect …`, without what an address may carry behind its question mark. */
function messageOf(stderr: string): string | undefined {
  const text = stderr
    .split('\n')
    .map((line) => line.match(/^curl: (?:\(\d+\) )?(.+)$/)?.[1])
    .findLast((line) => line !== undefined && !/^More details here/.test(line))
  return text?.replace(/\?[^\s"']*/g, '?…').replace(/\/\/[^/\s@]*@/g, '//')
}

/** One request, as plain data. */
export interface CurlRequest {
  readonly url: string
  /** File for the body of the answer. */
  readonly output: string
  /** File for the headers of all answers, redirects included. */
  readonly headerFile: string
  /** Where the output has the beginning already: how many bytes. The server is asked for the rest. */
  readonly resumeAt?: number
  /** Largest body in bytes; more is refused. */
  readonly largest?: number
  readonly headers?: readonly string[]
  readonly user?: { readonly name: string; readonly password: string }
  /** Fields of a form: sent in the address, or with `post` in the body. */
  readonly form?: Readonly<Record<string, string>>
  readonly post?: boolean
  /** File of private authorities (PEM). */
  readonly authority?: string
  /** Also follows and uses addresses without encryption. */
  readonly plainHttp?: boolean
  /** A body is not wanted from an answer that is none: keeps error pages out of a file that grows. */
  readonly failOnError?: boolean
  readonly patience: CurlPatience
}

/** Seconds. */
export interface CurlPatience {
  readonly connect: number
  /** So long not a single byte may come. */
  readonly stall: number
}

/** What curl prints at the end, for {@link parseOutcome}. */
const outcomeFormat = '%{http_code} %{size_download}'
const mostRedirects = 5

/**
 * The options of a request in the form of curl's configuration file (curl(1), --config), which goes to its standard input:
 * secrets in arguments can be read by every user of a machine.
 */
export function curlConfig(request: CurlRequest): string {
  const { patience, plainHttp = false, failOnError = false, resumeAt = 0, post = false } = request
  const protocols = plainHttp ? '=http,https' : '=https'
  const lines: readonly (readonly [name: string, value?: string])[] = [
    ['url', request.url],
    ['silent'],
    ['show-error'],
    ['location'],
    ['max-redirs', String(mostRedirects)],
    ['proto', protocols],
    ['proto-redir', protocols],
    ['connect-timeout', String(patience.connect)],
    ['speed-limit', '1'],
    ['speed-time', String(patience.stall)],
    ['user-agent', 'kiln-agent'],
    ['dump-header', request.headerFile],
    ['output', request.output],
    ['write-out', outcomeFormat],
    ...(failOnError ? [['fail'] as const] : []),
    ...(resumeAt > 0 ? [['continue-at', String(resumeAt)] as const] : []),
    ...(request.largest === undefined ? [] : [['max-filesize', String(request.largest)] as const]),
    ...(request.authority === undefined ? [] : [['cacert', request.authority] as const]),
    ...(request.headers ?? []).map((header) => ['header', header] as const),
    ...(request.user ? [['user', `${request.user.name}:${request.user.password}`] as const] : []),
    ...(request.form && !post ? [['get'] as const] : []),
    ...Object.entries(request.form ?? {}).map(
      ([key, value]) => ['data-urlencode', `${key}=${value}`] as const,
    ),
  ]
  return lines.map(([name, value]) => (value === undefined ? name : `${name} = ${quoted(value)}`)).join('\n')
}

/** Escapes as curl(1) reads them back. A line break in a header would be a second header. */
function quoted(value: string): string {
  if ([...value].some((char) => char < ' ' || char === '\u007f')) {
    throw new RangeError('control characters in a request')
  }
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

export interface CurlOutcome {
  /** 0 where no answer came. */
  readonly status: number
  /** Bytes of the body that came. */
  readonly bytes: number
}

export function parseOutcome(stdout: string): CurlOutcome {
  const [, status = '0', bytes = '0'] = stdout.match(/(\d+) (\d+)\s*$/) ?? []
  return { status: Number(status), bytes: Number(bytes) }
}

/** Header lines of the last answer: a redirect and each retry of curl's own put theirs before it. */
export function headersOf(dump: string, name: string): string[] {
  const last = dump
    .split(/\r?\n\r?\n/)
    .filter((block) => /^HTTP\//.test(block))
    .at(-1)
  const prefix = `${name.toLowerCase()}:`
  return (last ?? '')
    .split(/\r?\n/)
    .filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim())
}

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
  /** Bytes of a file that curl may write at all, whatever the server promised. The shell sees to it. */
  readonly hardLimit?: number
  readonly headers?: readonly string[]
  readonly user?: { readonly name: string; readonly password: string }
  /** Fields of a form: sent in the address, or with `post` in the body. */
  readonly form?: Readonly<Record<string, string>>
  readonly post?: boolean
  /** Default GET, or POST with a form that says so. */
  readonly method?: 'PUT' | 'POST'
  /** Sent as it is. */
  readonly body?: string
  /** `false`: a redirect is an answer, not a way. */
  readonly follow?: false
  /** No proxy, whatever the environment says: an address of this machine's own network. */
  readonly direct?: boolean
  /** Port or ports of this side: `1-1023` shows that root asks. */
  readonly localPort?: string
  /** Whole seconds that all of it may take. */
  readonly seconds?: number
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
const outcomeFormat = '%{http_code} %{size_download} %{remote_ip}'
const mostRedirects = 5

/**
 * The options of a request in the form of curl's configuration file (curl(1), --config), which goes to its standard input:
 * secrets in arguments can be read by every user of a machine.
 */
export function curlConfig(request: CurlRequest): string {
  const { patience, plainHttp = false } = request
  const protocols = plainHttp ? '=http,https' : '=https'
  const lines: readonly Option[] = [
    ['url', request.url],
    // Brackets and braces are letters like any other.
    ['globoff'],
    ['silent'],
    ['show-error'],
    ...(request.follow === false ? [] : followed),
    ['proto', protocols],
    ['proto-redir', protocols],
    ['connect-timeout', String(patience.connect)],
    ['speed-limit', '1'],
    ['speed-time', String(patience.stall)],
    ['user-agent', 'kiln-agent'],
    ['dump-header', request.headerFile],
    ['output', request.output],
    ['write-out', outcomeFormat],
    ...wishes(request),
    ...(request.headers ?? []).map((header) => ['header', header] as const),
    ...Object.entries(request.form ?? {}).map(
      ([key, value]) => ['data-urlencode', `${key}=${value}`] as const,
    ),
  ]
  return lines.map(([name, value]) => (value === undefined ? name : `${name} = ${quoted(value)}`)).join('\n')
}

type Option = readonly [name: string, value?: string]

const followed: readonly Option[] = [['location'], ['max-redirs', String(mostRedirects)]]

/** What only some requests have. */
function wishes(request: CurlRequest): Option[] {
  const { resumeAt = 0, user, form, post = false } = request
  const switches: Readonly<Record<string, boolean | undefined>> = {
    fail: request.failOnError,
    get: form && !post,
  }
  const values: Readonly<Record<string, string | number | undefined>> = {
    'continue-at': resumeAt > 0 ? resumeAt : undefined,
    'max-filesize': request.largest,
    cacert: request.authority,
    user: user && `${user.name}:${user.password}`,
    request: request.method,
    'data-raw': request.body,
    noproxy: request.direct ? '*' : undefined,
    'local-port': request.localPort,
    'max-time': request.seconds,
  }
  return [
    ...Object.entries(switches).flatMap(([name, on]): Option[] => (on ? [[name]] : [])),
    ...Object.entries(values).flatMap(([name, value]): Option[] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  ]
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
  /** Who was connected to at last; a proxy, where there is one. */
  readonly address?: string
}

export function parseOutcome(stdout: string): CurlOutcome {
  const [, status = '0', bytes = '0', address] = stdout.match(/(\d+) (\d+)(?: ([\da-fA-F.:]+))?\s*$/) ?? []
  return { status: Number(status), bytes: Number(bytes), ...(address === undefined ? {} : { address }) }
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

import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, isIP } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { KilnError } from '@kiln/contract'
import type { Emit } from '../events.ts'
import { rangeOf } from './range.ts'

/** A small HTTP server: requests as plain data, answers as plain data, files by ranges. Nothing but files and texts. */
export interface ServeRequest {
  readonly method: string
  /** Decoded, without the query; begins with a slash. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of who asks. */
  readonly from: string
  /** All that is sent along, at most 64 KiB. @throws TooLarge */
  body(): Promise<string>
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | ServedFile | ServedParts
  /** What is told of the path, where there is a secret in it. */
  readonly shown?: string
}

/** Pieces one after another; no ranges of them. */
export interface ServedParts {
  readonly parts: readonly (Buffer | ServedFile)[]
}

export interface ServedFile {
  readonly file: string
  /** Bytes; what is sent is never more. */
  readonly size: number
  /** Stands for the content: a digest. */
  readonly tag?: string
}

/** Undefined where it is for somebody else to answer. */
export type Handler = (request: ServeRequest) => Answer | undefined | Promise<Answer | undefined>

export interface ServerOptions {
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  /** Certificate chain and key, PEM. Without, plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Asked in turn. */
  readonly handlers: readonly Handler[]
  readonly emit: Emit
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const mostBody = 64 * 1024

class TooLarge extends Error {}

/** @throws KilnError E-LISTEN where the address cannot be had, or the certificate is none */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, tls } = options
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response, options)
  const server = tls ? secureServer(tls, onRequest) : createServer(onRequest)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(host, port, cause)))
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://${hostText(host)}:${taken}`,
    port: taken,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function secureServer(
  tls: { readonly cert: string; readonly key: string },
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
) {
  try {
    return createSecureServer({ ...tls, minVersion: 'TLSv1.2' }, onRequest)
  } catch (cause) {
    throw new KilnError('E-LISTEN', 'the certificate and the key cannot be used', {
      cause,
      hint: 'both must be PEM, and belong together: --tls-cert CHAIN --tls-key KEY',
    })
  }
}

export function hostText(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): KilnError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'ports below 1024 are for root',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'there is no such name',
  }
  return new KilnError(
    'E-LISTEN',
    `${hostText(host)}:${port} cannot be listened on: ${reasons[cause.code ?? ''] ?? cause.message}`,
    { cause, hint: 'choose another with --listen ADDRESS:PORT; port 0 is any that is free' },
  )
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const started = performance.now()
  const from = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const { method = 'GET', url = '/' } = request
  let path = url.split('?')[0] ?? '/'
  try {
    const asked = readRequest(request, from)
    const given = await firstAnswer(options.handlers, asked)
    path = given.shown ?? asked.path
    await send(asked, response, given)
  } catch (error) {
    // Who got a part of an answer must not take it for the whole.
    if (response.headersSent) response.destroy()
    else response.writeHead(statusOf(error)).end()
  }
  options.emit({
    event: 'request',
    from,
    method,
    path,
    status: response.statusCode,
    ms: Math.round(performance.now() - started),
  })
}

function statusOf(error: unknown): number {
  if (error instanceof TooLarge) return 413
  return error instanceof URIError ? 400 : 500
}

/** @throws URIError where the path cannot be decoded */
function readRequest(request: IncomingMessage, from: string): ServeRequest {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
  return {
    method: request.method ?? 'GET',
    path: decodeURIComponent(path),
    query: new URLSearchParams(query),
    headers: request.headers,
    from,
    body: () => readBody(request),
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += (piece as Buffer).length
    if (bytes > mostBody) throw new TooLarge()
    pieces.push(piece as Buffer)
  }
  return Buffer.concat(pieces).toString('utf8')
}

async function firstAnswer(handlers: readonly Handler[], request: ServeRequest): Promise<Answer> {
  for (const handler of handlers) {
    const found = await handler(request)
    if (found) return found
  }
  return { status: 404 }
}

async function send(request: ServeRequest, response: ServerResponse, given: Answer): Promise<void> {
  const { status, headers = {}, body } = given
  const always = { 'x-content-type-options': 'nosniff', ...headers }
  const isHead = request.method === 'HEAD'
  if (typeof body !== 'object') {
    const length = Buffer.byteLength(body ?? '')
    response.writeHead(status, { ...always, 'content-length': length }).end(isHead ? undefined : body)
    return
  }
  if ('parts' in body) await sendParts(response, { status, headers: always }, body, isHead)
  else await sendFile(request, response, { ...given, headers: always, body })
}

async function sendParts(
  response: ServerResponse,
  { status, headers }: Answer,
  { parts }: ServedParts,
  isHead: boolean,
): Promise<void> {
  const length = parts.reduce((sum, part) => sum + (Buffer.isBuffer(part) ? part.length : part.size), 0)
  response.writeHead(status, { ...headers, 'content-length': length })
  for (const part of isHead ? [] : parts) {
    const stream = Buffer.isBuffer(part) ? [part] : createReadStream(part.file, { end: part.size - 1 })
    await pipeline(stream, response, { end: false })
  }
  response.end()
}

async function sendFile(
  { method, headers: asked }: ServeRequest,
  response: ServerResponse,
  { status, headers, body }: Answer & { readonly body: ServedFile },
): Promise<void> {
  const { file, size, tag } = body
  const etag = tag === undefined ? {} : { etag: `"${tag}"` }
  const always = { ...headers, ...etag, 'accept-ranges': 'bytes' }
  if (tag !== undefined && asked['if-none-match'] === `"${tag}"`) {
    response.writeHead(304, always).end()
    return
  }
  const ifRange = asked['if-range']
  const isStale = ifRange !== undefined && ifRange !== `"${tag}"`
  const range = isStale ? 'whole' : rangeOf(asked.range, size)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...always, 'content-range': `bytes */${size}`, 'content-length': 0 }).end()
    return
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size } : range
  const part = range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }
  response.writeHead(range === 'whole' ? status : 206, { ...always, ...part, 'content-length': end - start })
  if (method === 'HEAD' || end === start) response.end()
  else await pipeline(createReadStream(file, { start, end: end - 1 }), response)
}

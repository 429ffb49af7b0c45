import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { PassThrough, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { type Forged, forge } from './forged-payload.ts'

/**
 * Stands before a real registry and is what networks and registries are at their worst. The first part of a repository's name
 * says how: `breaking/kiln/debian` is `kiln/debian` of the registry, over a line that is slow and breaks off.
 */
export type Way = 'honest' | 'flipped' | 'short' | 'breaking' | 'locked' | 'other-arch' | 'other-device'

export interface AdverseRegistry {
  /** `127.0.0.1:<port>`, over plain HTTP. */
  readonly host: string
  /** The same over TLS. */
  readonly tlsHost: string
  /** Bytes of blobs that were sent over the line that breaks; some of them are lost with it each time. */
  readonly sent: () => number
  /** What was asked for over that line, in order: paths of blobs, and the byte from which on. */
  readonly asked: () => readonly { readonly path: string; readonly from: number }[]
  /** From now on, the line that breaks stands still before it sends more than this. */
  limit(bytes: number): void
  stop(): Promise<void>
}

export interface AdverseOptions {
  /** `127.0.0.1:<port>` of the registry, over plain HTTP. */
  readonly registry: string
  readonly tls: { readonly cert: string; readonly key: string }
}

/** After so much, the line breaks. */
const breakAfter = 12 * 1024 * 1024
/** Between two pieces of a slow line. */
const pieceMs = 10
const waitMs = 50

interface Line {
  sent: number
  limit: number
  readonly asked: { readonly path: string; readonly from: number }[]
}

/** What all answers have in common. */
interface Behind {
  readonly registry: string
  readonly line: Line
  /** What was made up, by what it is asked for. */
  readonly forged: Map<string, Forged>
  readonly signal: AbortSignal
}

export async function startAdverseRegistry({ registry, tls }: AdverseOptions): Promise<AdverseRegistry> {
  const line: Line = { sent: 0, limit: Number.POSITIVE_INFINITY, asked: [] }
  const ended = new AbortController()
  const behind: Behind = { registry, line, forged: new Map(), signal: ended.signal }
  const answer: RequestListener = (asked, response) => {
    // A guest that goes away in the middle is what is tested.
    handle(asked, response, behind).catch(() => response.destroy())
  }
  const [plain, secure] = [createServer(answer), createTlsServer(tls, answer)]
  const [host, tlsHost] = await Promise.all([plain, secure].map(listen))
  return {
    host: host ?? '',
    tlsHost: tlsHost ?? '',
    sent: () => line.sent,
    asked: () => [...line.asked],
    limit(bytes) {
      line.limit = bytes
    },
    async stop() {
      ended.abort()
      for (const server of [plain, secure]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A request, and what is behind. */
interface Exchange extends Behind {
  readonly asked: IncomingMessage
  readonly response: ServerResponse
  readonly way: Way
  /** `/v2/kiln/debian/blobs/sha256:…`, as the registry knows it. */
  readonly path: string
}

async function handle(asked: IncomingMessage, response: ServerResponse, behind: Behind): Promise<void> {
  const [, version = '', way = '', ...rest] = (asked.url ?? '').split('/')
  const exchange = { ...behind, asked, response, way: way as Way, path: `/${version}/${rest.join('/')}` }
  await ways[exchange.way](exchange)
}

const ways: { readonly [W in Way]: (exchange: Exchange) => Promise<void> } = {
  honest: async (exchange) => give(exchange, await ask(exchange)),
  flipped: async (exchange) => {
    const upstream = await ask(exchange)
    await give(exchange, upstream, isLarge(upstream) ? flipFirst() : new PassThrough())
  },
  short: async (exchange) => {
    const upstream = await ask(exchange)
    if (!isLarge(upstream)) return give(exchange, upstream)
    upstream.destroy()
    exchange.response.writeHead(200, { 'Content-Length': 1000 }).end(Buffer.alloc(1000))
  },
  breaking: async (exchange) => {
    const upstream = await ask(exchange)
    await (exchange.path.includes('/blobs/') ? overBadLine(upstream, exchange) : give(exchange, upstream))
  },
  locked: async ({ response }) => {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="kiln"' }).end()
  },
  'other-arch': (exchange) => madeUp(exchange, 'other-arch'),
  'other-device': (exchange) => madeUp(exchange, 'other-device'),
}

async function give(
  { response }: Exchange,
  upstream: IncomingMessage,
  through: Transform = new PassThrough(),
): Promise<void> {
  response.writeHead(upstream.statusCode ?? 502, upstream.headers)
  await pipeline(upstream, through, response)
}

/** Lies are told of what is large; small things are read by both sides to the end. */
function isLarge({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) > 1024 * 1024
}

async function madeUp(exchange: Exchange, as: 'other-arch' | 'other-device'): Promise<void> {
  const { path, registry, forged, response } = exchange
  const [reference = '', kind, ...before] = path.split('/').toReversed()
  if (kind === 'manifests' && !reference.startsWith('sha256:')) {
    const repository = `http://${registry}${before.toReversed().join('/')}`
    for (const file of await forge(as, repository, reference)) forged.set(...file)
  }
  const file = forged.get(reference)
  if (!file) return give(exchange, await ask(exchange))
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.body.length }).end(file.body)
}

/** Asks as it was asked. */
function ask({ registry, path, asked: { method, headers } }: Exchange): Promise<IncomingMessage> {
  const [hostname, port] = registry.split(':')
  const { host: _host, authorization: _authorization, ...others } = headers
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers: others }, resolve).on('error', reject).end()
  })
}

async function overBadLine(
  upstream: IncomingMessage,
  { asked, path, response, line, signal }: Exchange,
): Promise<void> {
  let passed = 0
  line.asked.push({ path, from: Number(asked.headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0) })
  response.writeHead(upstream.statusCode ?? 502, upstream.headers)
  try {
    for await (const piece of upstream as AsyncIterable<Buffer>) {
      while (line.sent + piece.length > line.limit) await setTimeout(waitMs, undefined, { signal })
      await new Promise((resolve) => response.write(piece, resolve))
      if (response.destroyed) return
      line.sent += piece.length
      passed += piece.length
      await setTimeout(pieceMs, undefined, { signal })
      if (passed >= breakAfter) return
    }
    response.end()
  } finally {
    upstream.destroy()
    // Where it is not whole, the other side sees a connection that breaks.
    if (!response.writableEnded) response.destroy()
  }
}

function flipFirst(): Transform {
  let done = false
  return new Transform({
    transform(piece: Buffer, _encoding, callback) {
      const changed = done ? piece : Buffer.from(piece)
      if (!done && changed.length > 0) changed[0] = (changed[0] ?? 0) ^ 0xff
      done = true
      callback(null, changed)
    },
  })
}

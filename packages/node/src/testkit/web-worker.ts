import { appendFileSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import type { Reply, WebServerData } from './web-server.ts'

/** The server of web-server.ts. Lives in a thread of its own, for the host under test blocks the one that it runs in. */
const { routes, log, tls } = workerData as WebServerData

const counts = new Map<string, number>()

const server = tls ? createSecureServer(tls, answer) : createServer(answer)
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))

function answer(request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => reply(request, response, body))
}

function reply(request: IncomingMessage, response: ServerResponse, form: string): void {
  const [path = ''] = (request.url ?? '').split('?')
  const known = routes[path] ?? routes['*'] ?? [{ status: 404 }]
  const key = routes[path] ? path : '*'
  const count = counts.get(key) ?? 0
  counts.set(key, count + 1)
  const chosen = known[Math.min(count, known.length - 1)] ?? {}
  const { range, authorization } = request.headers
  const allowed = chosen.needs === undefined || authorization === chosen.needs
  const own = chosen.ownAddress ? chosen.body?.replaceAll('{host}', request.headers.host ?? '') : undefined
  const answered = own === undefined ? chosen : { ...chosen, body: own }
  const { status, bytes, go } = allowed ? prepare(answered, range, response) : refusal(chosen, response)
  const entry = { method: request.method, url: request.url, range, authorization, form, status, bytes }
  // First, for who was answered may look at once.
  appendFileSync(log, `${JSON.stringify(entry)}\n`)
  go()
}

interface Prepared {
  readonly status: number
  /** Of the body, as far as they are sent. */
  readonly bytes: number
  readonly go: () => void
}

function refusal({ challenge }: Reply, response: ServerResponse): Prepared {
  const headers = challenge === undefined ? {} : { 'www-authenticate': challenge }
  return { status: 401, bytes: 0, go: () => void response.writeHead(401, headers).end('{"errors":[]}') }
}

/** As fast as the other side takes it. */
function pour(text: string, response: ServerResponse): void {
  const chunk = Buffer.from(text.padEnd(65_536, '#'))
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  response.writeHead(200)
  more()
}

function prepare(chosen: Reply, range: string | undefined, response: ServerResponse): Prepared {
  const { status = 200, headers = {}, breakAfter, hold, ranges = true, extra = 0 } = chosen
  if (chosen.endless) return { status, bytes: 0, go: () => pour(chosen.body ?? '', response) }
  const whole = chosen.file === undefined ? Buffer.from(chosen.body ?? '') : readFileSync(chosen.file)
  const start = ranges && status === 200 ? Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0) : 0
  if (start > 0 && start >= whole.length) {
    return { status: 416, bytes: 0, go: () => void response.writeHead(416).end() }
  }
  const rest = whole.subarray(start)
  const partial = start > 0 ? { 'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}` } : {}
  const code = start > 0 ? 206 : status
  const all = { 'content-length': rest.length + extra, ...partial, ...headers }
  if (breakAfter === undefined || breakAfter >= rest.length) {
    const body = Buffer.concat([rest, Buffer.alloc(extra)])
    return { status: code, bytes: rest.length, go: () => void response.writeHead(code, all).end(body) }
  }
  const go = () => {
    response.writeHead(code, all)
    response.write(rest.subarray(0, breakAfter), () => {
      if (!hold) response.destroy()
    })
  }
  return { status: code, bytes: breakAfter, go }
}

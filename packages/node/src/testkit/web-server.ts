import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

/** One answer of a server that may misbehave. Plain data: it goes to another thread. */
export interface Reply {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** File with the body. */
  readonly file?: string
  /** So many bytes, then the connection breaks. */
  readonly breakAfter?: number
  /** Leave it open instead, and send no more. */
  readonly hold?: boolean
  /** The body again and again, without a length and without end. */
  readonly endless?: boolean
  /** `{host}` in the body is the server's own address. */
  readonly ownAddress?: boolean
  /** Bytes too many. */
  readonly extra?: number
  /** Whether a range is given where one is asked for. Default true. */
  readonly ranges?: boolean
  /** `Authorization` that is wanted; otherwise 401 with the challenge. */
  readonly needs?: string
  readonly challenge?: string
}

export interface WebServerData {
  /** Path, or `*` for all others → answers in order; the last one stays. */
  readonly routes: Readonly<Record<string, readonly Reply[]>>
  readonly log: string
  readonly tls?: { readonly key: string; readonly cert: string }
}

export interface Asked {
  readonly method: string
  readonly url: string
  readonly range?: string
  readonly authorization?: string
  readonly form: string
  readonly status: number
  /** Of the body, as far as they were sent. */
  readonly bytes: number
}

export interface WebServer {
  /** `127.0.0.1:<port>` */
  readonly host: string
  asked(): Asked[]
}

/** A server on this machine, for one test, in a thread of its own. */
export async function webServer(
  context: Pick<TestContext, 'after'>,
  routes: WebServerData['routes'],
  tls?: WebServerData['tls'],
): Promise<WebServer> {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-web-'))
  const log = join(folder, 'log')
  const data: WebServerData = { routes, log, ...(tls ? { tls } : {}) }
  const worker = new Worker(new URL('./web-worker.ts', import.meta.url), { workerData: data })
  context.after(async () => {
    await worker.terminate()
    rmSync(folder, { recursive: true, force: true })
  })
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return {
    host: `127.0.0.1:${port}`,
    asked: () =>
      existsSync(log)
        ? readFileSync(log, 'utf8')
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Asked)
        : [],
  }
}

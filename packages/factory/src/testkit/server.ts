import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** The answer to a path: content, a status without any, a transfer that does not end, a redirect, or undefined for silence. */
export type Answer = (request: {
  readonly path: string
}) => string | Uint8Array | number | BreakOff | Redirect | undefined

export interface Redirect {
  readonly location: string
}

export interface BreakOff {
  /** All that is sent of what was announced. */
  readonly begin: string | Uint8Array
  /** Bytes that are announced. */
  readonly length: number
  /** Leave the connection open, and send no more. */
  readonly hold?: boolean
}

/** A web server on this machine, for one test. `asked` lists the paths in the order they came. */
export async function serve(t: Pick<TestContext, 'after'>, answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const given = answer({ path })
    if (typeof given === 'number') response.writeHead(given).end()
    else if (typeof given === 'object' && 'location' in given) response.writeHead(302, { ...given }).end()
    else if (typeof given === 'object' && 'begin' in given) breakOff(response, given)
    else if (given !== undefined) response.end(given)
  })
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.after(close)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close }
}

function breakOff(response: ServerResponse, { begin, length, hold }: BreakOff): void {
  response.writeHead(200, { 'content-length': length })
  response.write(begin, () => {
    if (!hold) response.destroy()
  })
}

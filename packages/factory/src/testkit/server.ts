import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** The answer to a path: a text, a status without one, or undefined for silence. */
export type Answer = (request: { readonly path: string }) => string | number | undefined

/** A web server on this machine, for one test. `asked` lists the paths in the order they came. */
export async function serve(t: Pick<TestContext, 'after'>, answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const given = answer({ path })
    if (typeof given === 'number') response.writeHead(given).end()
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

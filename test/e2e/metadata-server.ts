import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type Service, type ServiceName, services, wireServer } from '@kiln/node/testkit/metadata-services'

/**
 * Plays a metadata service at the addresses that platforms have, inside of a network namespace of the tests' own:
 * `node metadata-server.ts SERVICE [KEY CERTIFICATE]`. Prints `ready`, then each question.
 */
const [name = '', key, certificate] = process.argv.slice(2)
const service: Service = services[name as ServiceName]
const lastPrivilegedPort = 1023

function answering({ answers, needs }: Service) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { method = '', url = '', socket } = request
    request.resume()
    const [header = '', value] = needs?.split(/:\s*/) ?? []
    const allowed = needs === undefined || method === 'PUT' || request.headers[header.toLowerCase()] === value
    // As Scaleway does it.
    const privileged = !url.startsWith('/user_data/') || (socket.remotePort ?? 0) <= lastPrivilegedPort
    const body = answers[`${method} ${url}`]
    const status = !allowed ? 401 : !privileged ? 403 : body === undefined ? 404 : 200
    process.stdout.write(`${method} ${url} ${status}\n`)
    response.writeHead(status).end(status === 200 ? body : '')
  }
}

const { protocol, hostname } = new URL(service.origin)
const address = /^[\d.]+$/.test(hostname) ? hostname : '169.254.169.254'
const isSecure = protocol === 'https:'
const server =
  isSecure && key !== undefined && certificate !== undefined
    ? createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, answering(service))
    : createServer(answering(service))
createServer(answering(wireServer)).listen(80, new URL(wireServer.origin).hostname, () =>
  server.listen(isSecure ? 443 : 80, address, () => process.stdout.write('ready\n')),
)

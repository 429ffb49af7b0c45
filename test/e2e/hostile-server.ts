import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/**
 * A server that gives configurations and means harm, at 192.0.2.1 inside of a network of the tests' own, and one on the
 * loopback that nobody is to reach. Prints `ready`, then each question.
 */
const here = 'http://192.0.2.1'
const header = '#cloud-config\n'
const chunk = Buffer.alloc(65_536, '#')

const pages: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/good': (response) =>
    void response.end(`${header}stages:\n  network: [{name: good, commands: ["touch /run/good"]}]\n`),
  '/loop': (response) => void response.end(`${header}config_url: ${here}/loop2\n`),
  '/loop2': (response) => void response.end(`${header}config_url: ${here}/loop\n`),
  // Without a length: a gibibyte and more, as fast as it is taken.
  '/endless': (response) => {
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', more)
    response.write(header)
    more()
  },
  '/promise': (response) => {
    response.writeHead(200, { 'content-length': String(1024 ** 3) })
    response.write(header)
  },
  '/slow': (response) => void response.write(header),
  '/to-loopback': (response) => void response.writeHead(302, { location: 'http://127.0.0.1/secret' }).end(),
  '/to-name': (response) => void response.writeHead(302, { location: 'http://localhost/secret' }).end(),
  '/to-metadata': (response) =>
    void response.writeHead(302, { location: 'http://169.254.169.254/secret' }).end(),
  '/to-file': (response) => void response.writeHead(302, { location: 'file:///etc/hosts' }).end(),
  '/chain-to-loopback': (response) => void response.end(`${header}config_url: http://127.0.0.1/secret\n`),
  '/secret': (response) => void response.end(`${header}hostname: secret\n`),
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = '', headers } = request
  process.stdout.write(`${headers.host}${url}\n`)
  response.on('error', () => {})
  const page = pages[url]
  if (page) page(response)
  else if (/^\/deep\/\d+$/.test(url)) response.end(`${header}config_url: ${here}${url}0\n`)
  else response.writeHead(404).end()
}

const addresses = ['127.0.0.1', '169.254.169.254', '192.0.2.1']
let waiting = addresses.length
for (const address of addresses) {
  createServer(answer).listen(80, address, () => {
    waiting -= 1
    if (waiting === 0) process.stdout.write('ready\n')
  })
}

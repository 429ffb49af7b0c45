import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { runInSandbox } from '@kiln/factory/sandbox/sandbox'

export interface RegistryOptions {
  /** Result of a step whose root has docker-registry and perl. */
  readonly tools: { readonly folder: string }
  readonly folder: string
  /** Who may read and write; without, everybody, over plain HTTP. */
  readonly login?: { readonly user: string; readonly password: string }
}

export interface Registry {
  /** `127.0.0.1:<port>` */
  readonly host: string
  /** Folder with the certificate of its own authority. */
  readonly certs: string
  stop(): Promise<void>
}

const script = `
cd /run/work/registry
if [ -n "$PASSWORD" ]; then
  perl -e 'print "$ENV{USERNAME}:", crypt($ENV{PASSWORD}, q($2y$05$) . "abcdefghijklmnopqrstuv"), "\n"' > htpasswd
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out certs/kiln.crt \
    -days 2 -subj /CN=kiln-test -addext subjectAltName=IP:127.0.0.1 2> /dev/null
fi
exec docker-registry serve config.yml
`

/** A real registry on the loopback interface, in a sandbox, until it is stopped. */
export async function startRegistry({ tools, folder, login }: RegistryOptions): Promise<Registry> {
  const state = await mkdtemp(join(folder, 'registry-'))
  const certs = join(state, 'certs')
  await mkdir(certs)
  const host = `127.0.0.1:${await freePort()}`
  await writeFile(join(state, 'config.yml'), configuration(host, login !== undefined))
  const ended = new AbortController()
  const listening = Promise.withResolvers<void>()
  const running = runInSandbox(
    {
      root: { layers: [join(tools.folder, 'root')] },
      mounts: [{ kind: 'bind', source: state, target: '/run/work/registry' }],
      network: true,
      scratch: folder,
    },
    ['sh', '-euc', script],
    {
      env: { USERNAME: login?.user ?? '', PASSWORD: login?.password ?? '', OTEL_TRACES_EXPORTER: 'none' },
      signal: ended.signal,
      onLine: (line) => {
        if (line.includes('listening on')) listening.resolve()
      },
    },
  )
  running.catch((error: unknown) => {
    if (!ended.signal.aborted) listening.reject(error)
  })
  await listening.promise
  const stop = async () => {
    ended.abort(new KilnError('E-INTERRUPTED', 'the registry is not needed any more'))
    await running.catch(() => {})
  }
  return { host, certs, stop }
}

/** YAML is a superset of JSON. */
function configuration(host: string, secure: boolean): string {
  const folder = '/run/work/registry'
  const tls = { certificate: `${folder}/certs/kiln.crt`, key: `${folder}/key.pem` }
  return JSON.stringify({
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: `${folder}/storage` } },
    http: { addr: host, ...(secure ? { tls } : {}) },
    ...(secure ? { auth: { htpasswd: { realm: 'kiln', path: `${folder}/htpasswd` } } } : {}),
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

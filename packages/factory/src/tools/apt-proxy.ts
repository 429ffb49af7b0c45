import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isKilnError } from '@kiln/contract'
import { run } from './process.ts'

/** How the build machine's apt reaches archives: what apt.conf(5) says of proxies. */
export interface AptProxies {
  /** Options below `Acquire`, in lower case: `http::proxy`, `https::proxy::<host>`. */
  readonly options: ReadonlyMap<string, string>
}

const wanted = /^acquire::(https?::proxy(?:-auto-detect|autodetect|::.+)?)$/

const known = new Map<string | undefined, Promise<AptProxies>>()

/** Read once. A machine without apt has none. @throws KilnError E-TOOL-FAILED where apt does not understand its own configuration */
export function aptProxies(): Promise<AptProxies> {
  const file = process.env.APT_CONFIG
  const read = known.get(file) ?? readProxies(file)
  known.set(file, read)
  return read
}

async function readProxies(file: string | undefined): Promise<AptProxies> {
  const env = file === undefined ? {} : { APT_CONFIG: file }
  try {
    const { stdout } = await run('apt-config', ['dump', '--format', '%f %v%n', 'Acquire'], { env })
    return parseProxies(stdout)
  } catch (error) {
    if (isKilnError(error) && error.code === 'E-TOOL-MISSING') return { options: new Map() }
    throw error
  }
}

/** Lines of `<option> <value>`. */
export function parseProxies(dump: string): AptProxies {
  const pairs = dump.split('\n').flatMap((line) => {
    const [, name = '', value = ''] = line.match(/^(\S+) (\S.*)$/) ?? []
    const option = name.toLowerCase().match(wanted)?.[1]
    return option === undefined ? [] : [[option, value] as const]
  })
  return { options: new Map(pairs) }
}

/** The same for a configuration of apt's own. */
export function proxyLines({ options }: AptProxies): string[] {
  return [...options].map(([option, value]) => `Acquire::${option} "${value}";`)
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy for an address, as apt itself chooses one: that of the host, what the machine's program says, the one for all, that
 * of the environment. @returns undefined where none is to be used
 */
export function chooseProxy(
  url: URL,
  { options }: AptProxies,
  env: Environment,
  detected?: string,
): string | undefined {
  const protocol = url.protocol.slice(0, -1)
  const host = url.hostname.toLowerCase()
  if (isExcepted(host, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined
  // For https, what is said of http counts where nothing else is said.
  const option = (name: string) => options.get(`${protocol}::${name}`) ?? options.get(`http::${name}`)
  const fromEnvironment =
    protocol === 'https' ? (env.https_proxy ?? env.HTTPS_PROXY) : (env.http_proxy ?? env.HTTP_PROXY)
  const chosen = option(`proxy::${host}`) ?? detected ?? option('proxy') ?? fromEnvironment
  if (!chosen || /^(direct|false)$/i.test(chosen)) return undefined
  return chosen.includes('://') ? chosen : `http://${chosen}`
}

/** `no_proxy`: names with all that is below them, separated by commas; `*` is everything. */
function isExcepted(host: string, list: string): boolean {
  return list
    .split(',')
    .map((entry) =>
      entry
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ''),
    )
    .some((entry) => entry === '*' || (entry !== '' && (host === entry || host.endsWith(`.${entry}`))))
}

const detections = new Map<string, Promise<string | undefined>>()

/** What this machine uses for an address; its program for finding proxies is asked once for each host. */
export async function machineProxy(url: URL): Promise<string | undefined> {
  const proxies = await aptProxies()
  const protocol = url.protocol.slice(0, -1)
  const program = ['proxy-auto-detect', 'proxyautodetect']
    .map((name) => proxies.options.get(`${protocol}::${name}`))
    .find((value) => value)
  if (program === undefined) return chooseProxy(url, proxies, process.env)
  const id = `${program} ${url.origin}`
  const detecting = detections.get(id) ?? detect(program, `${url.origin}/`)
  detections.set(id, detecting)
  return chooseProxy(url, proxies, process.env, await detecting)
}

/** As apt does: it is given the address, and its first line says the proxy or `DIRECT`. One that fails says nothing. */
async function detect(program: string, address: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, [address], { timeout: 20_000 })
    return stdout.split('\n')[0]?.trim() || undefined
  } catch {
    return undefined
  }
}

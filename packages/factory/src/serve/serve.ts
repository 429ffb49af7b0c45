import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { KilnError } from '@kiln/contract'
import type { Emit } from '../events.ts'
import { artifacts } from './artifacts.ts'
import { type Catalog, readCatalog } from './catalog.ts'
import { distribution } from './distribution.ts'
import { type Handler, type RunningServer, startServer } from './http.ts'
import { readInventory } from './netboot/inventory.ts'
import { findLoaders, type Loaders, loaderFiles, usualLoaderFolder } from './netboot/loaders.ts'
import { type Netboot, openNetboot } from './netboot/netboot.ts'
import { findPayloads } from './netboot/payloads.ts'
import { type PxeServer, startPxe } from './netboot/pxe.ts'
import { readStates, stateKeeper } from './netboot/state-file.ts'
import { findPublished } from './published.ts'
import { readTokens, requireToken } from './tokens.ts'

export interface ServeOptions {
  /** Image layouts, artifacts, or folders with some. */
  readonly paths: readonly string[]
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  /** Files with a certificate chain and its key. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Only who has one of its tokens may read. */
  readonly tokenFile?: string
  /** Whoever reaches the address may read. Without it, that takes the loopback interface. */
  readonly isPublic: boolean
  /** Inventory of machines that start over the network; and where to keep who has which of them. */
  readonly netboot?: { readonly inventory: string; readonly state?: string }
  /** Answer firmware over PXE at this address of the machine, with loaders from a folder. */
  readonly pxe?: { readonly address: string; readonly loaders?: string }
  readonly emit: Emit
  readonly signal: AbortSignal
}

export interface ServeResult {
  readonly url: string
  /** Repositories with how many tags each has. */
  readonly repositories: readonly { readonly name: string; readonly tags: readonly string[] }[]
  readonly files: readonly string[]
}

/**
 * Gives out what was built, until the signal: image layouts as a registry, files by their names. Reads only.
 * @param onListening called once it can be asked
 * @throws KilnError E-USAGE, E-LISTEN, E-ARTIFACT-MISSING, E-LAYOUT-INVALID
 */
export async function serve(
  options: ServeOptions,
  onListening: (result: ServeResult) => void = () => {},
): Promise<ServeResult> {
  const { paths, host, port, emit, signal } = options
  const guards = await openGuards(options)
  const { layouts, files } = await findPublished(paths)
  const catalog = await readCatalog(layouts)
  const netboot = await openNetbootOf(options, catalog)
  const loaders = await loadersOf(options)
  const handlers = [
    ...[health, ...(netboot ? [netboot.open] : []), ...(loaders ? [loaderFiles(loaders)] : [])],
    ...guards,
    ...(netboot ? [netboot.guarded] : []),
    ...[distribution(catalog), artifacts(files)],
  ]
  const tls = options.tls && { cert: await readPem(options.tls.cert), key: await readPem(options.tls.key) }
  signal.throwIfAborted()
  const server = await startServer({ host, port, handlers, emit, ...(tls ? { tls } : {}) })
  const pxe = loaders && (await startPxeOf(options, server, loaders))
  const repositories = [...catalog.repositories].map(([name, { tags }]) => ({ name, tags: [...tags.keys()] }))
  const result = { url: server.url, repositories, files: [...files.keys()] }
  emit({ event: 'listening', url: server.url })
  onListening(result)
  await untilAborted(signal, [server, ...(pxe ? [pxe] : [])])
  return result
}

const health: Handler = ({ path }) => (path === '/healthz' ? { status: 200, body: 'ok\n' } : undefined)

/** @throws KilnError E-USAGE where firmware would be told an address at which nobody listens */
async function loadersOf({ pxe, netboot, host }: ServeOptions): Promise<Loaders | undefined> {
  if (!pxe) return undefined
  if (!netboot) throw new KilnError('E-USAGE', '--pxe needs an inventory of machines: --netboot FILE')
  if (host !== pxe.address && host !== '0.0.0.0') {
    throw new KilnError('E-USAGE', `machines would be sent to ${pxe.address}, and ${host} is listened on`, {
      hint: `--listen ${pxe.address}:5000`,
    })
  }
  return findLoaders(pxe.loaders ?? usualLoaderFolder)
}

async function startPxeOf(
  { pxe, tls, emit }: ServeOptions,
  server: RunningServer,
  loaders: Loaders,
): Promise<PxeServer | undefined> {
  if (!pxe) return undefined
  const { address } = pxe
  const url = `${tls ? 'https' : 'http'}://${address}:${server.port}`
  try {
    return await startPxe({ address, url, loaders, emit })
  } catch (error) {
    await server.close()
    throw error
  }
}

async function openNetbootOf(
  { netboot, tls, emit }: ServeOptions,
  catalog: Catalog,
): Promise<Netboot | undefined> {
  if (!netboot) return undefined
  const { state } = netboot
  return openNetboot({
    inventory: readInventory(netboot.inventory),
    payloads: await findPayloads(catalog),
    scheme: tls ? 'https' : 'http',
    emit,
    now: Date.now,
    ...(state === undefined ? {} : { states: readStates(state), keep: stateKeeper(state) }),
  })
}

/** @throws KilnError E-USAGE where others could read and nobody said that they may */
async function openGuards({ host, tokenFile, isPublic }: ServeOptions): Promise<Handler[]> {
  if (tokenFile !== undefined) {
    const text = await readFile(tokenFile, 'utf8').catch((cause: unknown) => {
      throw new KilnError('E-USAGE', `the file of tokens ${tokenFile} cannot be read`, { cause })
    })
    return [requireToken(readTokens(text, tokenFile))]
  }
  if (isPublic || isLoopback(host)) return []
  throw new KilnError('E-USAGE', `others than this machine could read at ${host}`, {
    hint: 'give --token-file FILE, or --public where everybody may',
  })
}

/** Only what never leaves the machine. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

async function readPem(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new KilnError('E-LISTEN', `${file} cannot be read`, { cause })
  })
}

async function untilAborted(
  signal: AbortSignal,
  servers: readonly { close(): Promise<void> }[],
): Promise<void> {
  try {
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    }
  } finally {
    for (const server of servers) await server.close()
  }
}

import { hasHeader } from '@kiln/contract/cloud-config/parse'
import { type Host, HostError } from '../../host/host.ts'
import { SourceError } from '../../source/error.ts'
import type { Address } from './address.ts'
import { readCopy, writeCopy } from './copies.ts'
import { type Download, download } from './fetch.ts'
import type { Fetched, Resolver } from './resolve.ts'

export interface FetcherOptions {
  /** `false`: only copies are looked at, because there is no network yet. */
  readonly network: boolean
  /** What stands before the path of the copies: `/sysroot` in the initramfs. */
  readonly root: string
  /** Milliseconds for everything that is fetched. */
  readonly patienceMs?: number
}

const usualPatienceMs = 90_000

/** Fetches, and keeps what came; where nothing comes, gives what came the last time. */
export function remoteFetcher(host: Host, options: FetcherOptions): Resolver['fetch'] {
  const until = host.uptime() + (options.patienceMs ?? usualPatienceMs)
  return (address, rules): Fetched => {
    const result = options.network ? attempt(() => download(host, address, rules, until)) : offline
    if (result.ok && hasHeader(result.text)) {
      keep(host, options.root, address, result)
      return { ok: true, text: result.text }
    }
    const failure = result.ok ? noHeader : result
    const copy = readCopy(host, options.root, address.url)
    const isWanted = copy && (address.digest === undefined || address.digest === copy.digest)
    if (!isWanted) return failure
    const { reason, detail } = failure
    return { ok: true, text: copy.text, copy: { at: copy.at, reason, detail } }
  }
}

const offline: Extract<Download, { ok: false }> = {
  ok: false,
  reason: 'offline',
  detail: 'the network is not up',
}

const noHeader: Extract<Download, { ok: false }> = {
  ok: false,
  reason: 'no-header',
  detail: 'it is no cloud-config',
}

function attempt(action: () => Download): Download {
  try {
    return action()
  } catch (error) {
    if (error instanceof SourceError || error instanceof HostError) {
      return { ok: false, reason: 'unreachable', detail: error.message }
    }
    throw error
  }
}

/** Only what changed is written: this happens at each start. A copy that cannot be written is not missed now. */
function keep(
  host: Host,
  root: string,
  { url }: Address,
  { text, digest }: Extract<Download, { ok: true }>,
): void {
  try {
    if (readCopy(host, root, url)?.digest === digest) return
    writeCopy(host, root, { url, digest, text, at: new Date(host.now()).toISOString() })
  } catch (error) {
    if (!(error instanceof HostError)) throw error
  }
}

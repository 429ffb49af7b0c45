import { payloadCard } from '@kiln/contract'
import { type Identity, passOf } from './authorization.ts'
import { downloadExact } from './download.ts'
import { SourceError } from './error.ts'
import type { Reader } from './make-source.ts'
import { endpoint, type RegistrySettings } from './settings.ts'
import { ask, type Question, type Wire } from './wire.ts'

interface WebOptions {
  readonly wire: Wire
  /** Without a slash at its end. */
  readonly address: string
  readonly settings: RegistrySettings
  readonly identity: Identity | undefined
}

/** A payload in a folder of a web server. What is said of registries under their host counts here, too. */
export function webReader({ wire, address, settings, identity }: WebOptions): Reader {
  const host = webHost(address)
  const { plainHttp, authority } = endpoint(host, '', settings)
  if (!plainHttp && !address.startsWith('https://')) {
    throw new SourceError('insecure', `${address} is not encrypted`)
  }
  const question = (file: string): Question => ({
    url: `${address}/${file}`,
    plainHttp,
    ...(authority === undefined ? {} : { authority }),
    ...(identity && passOf(identity)),
  })
  return {
    card: () =>
      ask(wire, question(payloadCard), `${address}/${payloadCard}`, ({ status, text, digest }) => {
        requireFound(status, `${address}/${payloadCard}`)
        return { text, digest: digest() }
      }),
    bring(wanted, file, progress) {
      const name = `${address}/${wanted.file}`
      const request = { question: () => question(wanted.file), name, file, size: wanted.size, progress }
      downloadExact(wire, request, wanted.digest)
    },
  }
}

export function webHost(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
}

function requireFound(status: number, name: string): void {
  if (status === 200) return
  if (status === 401 || status === 403)
    throw new SourceError('unauthorized', `${name}: the server answers ${status}`)
  if (status === 404 || status === 410)
    throw new SourceError('not-found', `${name}: the server does not have it`)
  throw new SourceError('unreachable', `${name}: the server answers ${status}`)
}

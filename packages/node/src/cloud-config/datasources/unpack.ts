import type { Host } from '../../host/host.ts'
import { withWorkFolder } from '../../host/work-folder.ts'
import { DataSourceError } from './source-error.ts'

/** Bytes to text. Neither UTF-8 nor gzip is known to the program itself: both go through files. */
export interface Texts {
  readonly decode: (bytes: Uint8Array) => string
  /** The same, unpacked before where it is packed by gzip. @throws DataSourceError unreadable */
  readonly unpack: (bytes: Uint8Array) => string
}

/** Unpacked bytes: enough for any configuration, and no bomb. */
const largest = 4 * 1024 * 1024
const blockBytes = 512
const work = '/run/kiln/unpack'

export function textsOf(host: Host): Texts {
  return {
    decode: (bytes) => withFile(host, bytes, (file) => host.readText(file)),
    unpack: (bytes) =>
      withFile(host, bytes, (file) => (isGzip(bytes) ? gunzip(host, file) : host.readText(file))),
  }
}

function withFile(host: Host, bytes: Uint8Array, use: (file: string) => string): string {
  return withWorkFolder(host, work, (folder) => {
    host.write(`${folder}/data`, bytes, { mode: 0o600 })
    return use(`${folder}/data`)
  })
}

/** RFC 1952 §2.3.1. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

function gunzip(host: Host, file: string): string {
  const plain = `${file}.plain`
  host.write(plain, '', { mode: 0o600 })
  const script = 'ulimit -f "$1"; exec gzip -dc <"$2" >"$3"'
  const result = host.run(['sh', '-c', script, 'sh', String(largest / blockBytes), file, plain])
  if (result.code === 0) return host.readText(plain)
  const reason = host.stat(plain).size >= largest ? `more than ${largest} bytes` : result.stderr.trim()
  throw new DataSourceError('unreadable', `gzip: ${reason || `ended with ${result.code}`}`)
}

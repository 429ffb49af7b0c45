import { createHash } from 'node:crypto'
import { KilnError } from '@kiln/contract'

/** Bytes of a data or hash block. */
export const verityBlock = 4096

/**
 * Makes the hash tree of a file of whole blocks and puts it behind the data. veritysetup waits until the disk has the file
 * it writes to: it writes to memory, so that nobody waits for the data. Runs in the toolchain.
 */
export function verityFormatArguments(file: string, bytes: number, seed: string): [string, ...string[]] {
  const script =
    'file=$1; shift; veritysetup format "$file" /tmp/hash-tree "$@"; cat /tmp/hash-tree >> "$file"'
  const options = [
    '--format=1',
    '--hash=sha256',
    `--data-block-size=${verityBlock}`,
    `--hash-block-size=${verityBlock}`,
    `--data-blocks=${bytes / verityBlock}`,
    `--salt=${createHash('sha256').update(`salt ${seed}`).digest('hex')}`,
    `--uuid=${seededUuid(`verity ${seed}`)}`,
  ]
  return ['sh', '-euc', script, 'sh', file, ...options]
}

export function parseRootHash(output: string): string {
  const rootHash = output.match(/^Root hash:\s*([0-9a-f]{64})$/m)?.[1]
  if (!rootHash) throw new KilnError('E-TOOL-FAILED', 'veritysetup gave no root hash', { output })
  return rootHash
}

/** A UUID (version 8, RFC 9562) that follows from a text: unique for its content, the same in each build. */
export function seededUuid(seed: string): string {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

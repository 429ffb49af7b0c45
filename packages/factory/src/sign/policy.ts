import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { KilnError } from '@kiln/contract'
import * as z from 'zod'
import { readDocumentFile } from '../definition/read-document.ts'
import { bundleSuffix, verifyBundle } from './bundle.ts'
import { type NamedKey, readPublicKey } from './keys.ts'

const Policy = z.strictObject({
  /** Files of public keys, each of which is enough. Relative to the policy. */
  keys: z.array(z.string().min(1)).min(1),
})

/** Who is trusted. */
export interface TrustPolicy {
  readonly keys: readonly NamedKey[]
}

/** @throws KilnError E-CONFIG-*, E-KEY-UNREADABLE */
export function readPolicy(file: string): TrustPolicy {
  const { keys } = readDocumentFile(Policy, file, 'the policy')
  return { keys: keys.map((key) => readPublicKey(resolve(dirname(file), key))) }
}

/**
 * Whether a file is signed by whom the policy names; the bundle stands beside it. Needs no network.
 * @returns the hint of the key
 * @throws KilnError E-SIGNATURE-MISSING, E-SIGNATURE-UNTRUSTED, E-SIGNATURE-INVALID
 */
export async function requireSignature(file: string, { keys }: TrustPolicy): Promise<string> {
  const place = { file: `${file}${bundleSuffix}` }
  const text = await readFile(place.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) {
    const hint = `its bundle should be ${place.file}; "kiln sign" makes it`
    throw new KilnError('E-SIGNATURE-MISSING', `${file} is not signed`, { place: { file }, hint })
  }
  const verdict = await verifyBundle(file, text, keys)
  if (verdict.kind === 'valid') return verdict.hint
  if (verdict.kind === 'untrusted') {
    const message = `${file} is signed by a key that the policy does not name: ${verdict.hint}`
    throw new KilnError('E-SIGNATURE-UNTRUSTED', message, { place })
  }
  throw new KilnError('E-SIGNATURE-INVALID', `the signature of ${file} does not hold: ${verdict.why}`, {
    place,
    hint: 'fetch the file and its bundle again; do not use it',
  })
}

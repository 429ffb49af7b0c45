import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { documentArtifacts, KilnError } from '@kiln/contract'
import * as z from 'zod'
import { readDocumentFile } from '../definition/read-document.ts'
import { type AttestationKind, attestationKinds, verifyAttestation } from './attest.ts'
import { bundleSuffix, type SignatureVerdict, verifyBundle } from './bundle.ts'
import { type NamedKey, readPublicKey } from './keys.ts'

const Policy = z.strictObject({
  /** Files of public keys, each of which is enough. Relative to the policy. */
  keys: z.array(z.string().min(1)).min(1),
  /** What has to be attested of each artifact, by one of the keys. */
  attestations: z.array(z.enum(documentArtifacts)).default([]),
})

/** Who is trusted. */
export interface TrustPolicy {
  readonly keys: readonly NamedKey[]
  readonly attestations: readonly AttestationKind[]
}

/** @throws KilnError E-CONFIG-*, E-KEY-UNREADABLE */
export function readPolicy(file: string): TrustPolicy {
  const { keys, attestations } = readDocumentFile(Policy, file, 'the policy')
  return { keys: keys.map((key) => readPublicKey(resolve(dirname(file), key))), attestations }
}

/**
 * Whether a file is signed by whom the policy names; the bundle stands beside it. Needs no network.
 * @returns the hint of the key
 * @throws KilnError E-SIGNATURE-MISSING, E-SIGNATURE-UNTRUSTED, E-SIGNATURE-INVALID
 */
export async function requireSignature(file: string, { keys }: TrustPolicy): Promise<string> {
  const words = { what: 'signed', maker: 'kiln sign', noun: 'signature' }
  return requireVerdict(file, bundleSuffix, words, (text) => verifyBundle(file, text, keys))
}

/**
 * The same of every attestation that the policy asks for.
 * @returns the kinds that hold
 * @throws KilnError as {@link requireSignature}
 */
export async function requireAttestations(
  file: string,
  { keys, attestations }: TrustPolicy,
): Promise<readonly AttestationKind[]> {
  for (const kind of attestations) {
    const words = { what: `attested (${kind})`, maker: 'kiln attest', noun: `attestation (${kind})` }
    const verdict = (text: string) => verifyAttestation(file, text, { kind, keys })
    await requireVerdict(file, attestationKinds[kind].suffix, words, verdict)
  }
  return attestations
}

interface Words {
  readonly what: string
  readonly maker: string
  readonly noun: string
}

async function requireVerdict(
  file: string,
  suffix: string,
  { what, maker, noun }: Words,
  verify: (text: string) => Promise<SignatureVerdict>,
): Promise<string> {
  const place = { file: `${file}${suffix}` }
  const text = await readFile(place.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) {
    const hint = `its bundle should be ${place.file}; "${maker}" makes it`
    throw new KilnError('E-SIGNATURE-MISSING', `${file} is not ${what}`, { place: { file }, hint })
  }
  const verdict = await verify(text)
  if (verdict.kind === 'valid') return verdict.hint
  if (verdict.kind === 'untrusted') {
    const message = `${file} is ${what} by a key that the policy does not name: ${verdict.hint}`
    throw new KilnError('E-SIGNATURE-UNTRUSTED', message, { place })
  }
  throw new KilnError('E-SIGNATURE-INVALID', `the ${noun} of ${file} does not hold: ${verdict.why}`, {
    place,
    hint: 'fetch the file and its bundle again; do not use it',
  })
}

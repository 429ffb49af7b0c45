import { createHash, createSign, createVerify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Bundle, bundleFromJSON, bundleToJSON, toMessageSignatureBundle } from '@sigstore/bundle'
import type { NamedKey } from './keys.ts'

/** What stands behind the name of a signed file. */
export const bundleSuffix = '.sigstore.json'

/** Signs a file: a Sigstore bundle with a signature of its bytes, as text. The file is read once, in pieces. */
export async function signedBundle(file: string, { key, hint }: NamedKey): Promise<string> {
  const [hash, signer] = [createHash('sha256'), createSign('sha256')]
  for await (const piece of pieces(file)) {
    hash.update(piece)
    signer.update(piece)
  }
  const bundle = toMessageSignatureBundle({
    digest: hash.digest(),
    signature: signer.sign(key),
    keyHint: hint,
  })
  return `${JSON.stringify(bundleToJSON(bundle))}\n`
}

export type SignatureVerdict =
  | { readonly kind: 'valid'; readonly hint: string }
  /** None of the keys made it. */
  | { readonly kind: 'untrusted'; readonly hint: string }
  | { readonly kind: 'invalid'; readonly why: string }

/** Whether one of the keys signed the file. */
export async function verifyBundle(
  file: string,
  text: string,
  keys: readonly NamedKey[],
): Promise<SignatureVerdict> {
  const bundle = readBundle(text)
  if (bundle?.content.$case !== 'messageSignature') {
    return { kind: 'invalid', why: 'the bundle is none with a signature of a file' }
  }
  const { messageDigest, signature } = bundle.content.messageSignature
  const hash = createHash('sha256')
  const checks = keys.map((named) => ({ ...named, check: createVerify('sha256') }))
  for await (const piece of pieces(file)) {
    hash.update(piece)
    for (const { check } of checks) check.update(piece)
  }
  const signer = checks.find(({ check, key }) => check.verify(key, signature))
  const hint = hintIn(bundle)
  const isSame = messageDigest.digest.equals(hash.digest())
  if (signer && isSame) return { kind: 'valid', hint: signer.hint }
  if (!isSame) return { kind: 'invalid', why: 'the file is not the one that was signed' }
  if (keys.every((key) => key.hint !== hint)) return { kind: 'untrusted', hint }
  return { kind: 'invalid', why: 'the signature is not one of this file' }
}

/** What a bundle says of the key that made it. */
export function hintIn({ verificationMaterial: { content } }: Bundle): string {
  return content.$case === 'publicKey' ? content.publicKey.hint : 'a certificate'
}

export function readBundle(text: string): Bundle | undefined {
  try {
    return bundleFromJSON(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Large pieces for large files; a buffer for each small one would cost more than its digest. */
async function* pieces(file: string): AsyncIterable<Buffer> {
  const { size } = await stat(file)
  yield* createReadStream(file, { highWaterMark: Math.max(1, Math.min(1 << 20, size)) })
}

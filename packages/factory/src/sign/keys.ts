import { createHash, createPrivateKey, createPublicKey, type KeyObject, scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { KilnError } from '@kiln/contract'
import nacl from 'tweetnacl'
import * as z from 'zod'

/** A key that signs or that is trusted, with the name that bundles give it. */
export interface NamedKey {
  readonly key: KeyObject
  /** Base64 of the SHA-256 of the public key in DER, as cosign has it. */
  readonly hint: string
}

const pemLines = /-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----/

/**
 * Reads a private key: PKCS#8 in PEM, or encrypted as cosign writes it.
 * @param password for an encrypted one
 * @throws KilnError E-KEY-UNREADABLE
 */
export function readPrivateKey(file: string, password: string | undefined): NamedKey {
  const text = readText(file)
  const [, kind = '', base64 = ''] = text.match(pemLines) ?? []
  if (/^ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY$/.test(kind)) {
    if (password === undefined) {
      throw unreadable(file, 'it is encrypted, and there is no password', 'put it into COSIGN_PASSWORD')
    }
    const der = decrypt(Buffer.from(base64, 'base64').toString('utf8'), password, file)
    return named(file, () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  }
  return named(file, () => createPrivateKey({ key: text, passphrase: password }))
}

/** @throws KilnError E-KEY-UNREADABLE */
export function readPublicKey(file: string): NamedKey {
  const text = readText(file)
  if (/PRIVATE KEY/.test(text)) throw unreadable(file, 'it is a private key', 'name the public one')
  return named(file, () => createPublicKey(text))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw unreadable(file, (cause as Error).message)
  }
}

function named(file: string, read: () => KeyObject): NamedKey {
  let key: KeyObject
  try {
    key = read()
  } catch {
    throw unreadable(file, 'it is no key in PEM, or its password is another one')
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw unreadable(
      file,
      'it is not of the kind ECDSA P-256',
      '"cosign generate-key-pair" makes such a pair',
    )
  }
  const der = createPublicKey(key.type === 'public' ? key.export({ format: 'pem', type: 'spki' }) : key)
  return { key, hint: hintOf(der) }
}

function hintOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('base64')
}

const Encrypted = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({ N: z.number().max(2 ** 18), r: z.number().max(16), p: z.number().max(16) }),
    salt: z.string(),
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: z.string() }),
  ciphertext: z.string(),
})

/** The format of go-securesystemslib's package `encrypted`, in which cosign keeps keys. @returns PKCS#8 in DER */
function decrypt(json: string, password: string, file: string): Buffer {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    data = undefined
  }
  const read = Encrypted.safeParse(data)
  if (!read.success) throw unreadable(file, 'it is encrypted in a form that is not known')
  const { kdf, cipher, ciphertext } = read.data
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
  const secret = scryptSync(password, bytes(kdf.salt), nacl.secretbox.keyLength, {
    ...kdf.params,
    maxmem: 512 * 2 ** 20,
  })
  const nonce = bytes(cipher.nonce)
  const isWhole = nonce.length === nacl.secretbox.nonceLength
  const opened = isWhole ? nacl.secretbox.open(bytes(ciphertext), nonce, new Uint8Array(secret)) : null
  if (!opened) throw unreadable(file, 'the password is another one', 'see COSIGN_PASSWORD')
  return Buffer.from(opened)
}

function unreadable(file: string, why: string, hint?: string): KilnError {
  return new KilnError('E-KEY-UNREADABLE', `the key ${file} cannot be used: ${why}`, {
    place: { file },
    hint,
  })
}

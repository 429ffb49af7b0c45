import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import * as z from 'zod'
import { sha256Digest } from '../resolve/digest.ts'
import { wrongPassword } from './tools.ts'

/** Who signs what: PK signs changes of KEK, KEK those of db and dbx, db signs programs. */
export const roles = ['PK', 'KEK', 'db'] as const
export type Role = (typeof roles)[number]

/** Names of the files, as the field has them. For each role: `.key` private, `.pem` and `.der` the certificate, `.esl`, `.auth`. */
export const keyFiles = {
  card: 'keys.json',
  pcrPrivate: 'tpm2-pcr-private.pem',
  pcrPublic: 'tpm2-pcr-public.pem',
  /** Certificates that are trusted beside one's own, by role: Microsoft's, a vendor's, those before a rotation. */
  further: 'further',
  /** Lists of what is refused. */
  revoked: 'revoked',
  /** What waits to be signed elsewhere, and what came back. */
  toSign: 'to-sign',
  signatures: 'signatures',
} as const

const Card = z.object({
  schema: z.literal('kiln.keys/v1'),
  name: z.string(),
  /** GUID under which firmware lists the certificates. */
  owner: z.guid(),
})
export type KeyCard = z.infer<typeof Card>

/** @throws KilnError E-KEYS-MISSING, E-KEYS-UNUSABLE */
export function readKeyCard(folder: string): KeyCard {
  const file = join(folder, keyFiles.card)
  const text = readKeyFile(file)
  try {
    return Card.parse(JSON.parse(text))
  } catch (cause) {
    throw unusable(file, 'is not what "kiln keys generate" wrote', cause)
  }
}

/** @throws KilnError E-KEYS-MISSING, E-KEYS-UNUSABLE */
export function readCertificate(file: string): X509Certificate {
  const text = readKeyFile(file)
  try {
    return new X509Certificate(text)
  } catch (cause) {
    throw unusable(file, 'is no certificate', cause)
  }
}

/** `sha256:<64 hex digits>` of a certificate in DER. */
export function certificateDigest(certificate: X509Certificate): string {
  return sha256Digest(certificate.raw)
}

/** The same of an RSA key, as PKCS #1 has it: what a signed policy calls its fingerprint (pkfp). */
export function publicKeyDigest(file: string): string {
  const key = readPublicKey(file)
  return sha256Digest(key.export({ type: 'pkcs1', format: 'der' }))
}

function readPublicKey(file: string): KeyObject {
  const text = readKeyFile(file)
  try {
    return createPublicKey(text)
  } catch (cause) {
    throw unusable(file, 'is no public key', cause)
  }
}

/**
 * Whether a private key can be used, before anything is built with it.
 * @throws KilnError E-KEYS-MISSING, E-KEYS-PASSWORD, E-KEYS-UNUSABLE where it belongs to something else
 */
export function checkPrivateKey(file: string, publicFile: string, password: string | undefined): void {
  const text = readKeyFile(file)
  const isEncrypted = /^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text)
  if (isEncrypted && password === undefined) throw wrongPassword(file, password)
  const key = openKey(file, text, isEncrypted ? password : undefined)
  const isCertificate = /BEGIN CERTIFICATE/.test(readKeyFile(publicFile))
  const wanted = isCertificate ? readCertificate(publicFile).publicKey : readPublicKey(publicFile)
  if (createPublicKey(key).equals(wanted)) return
  throw unusable(file, `does not belong to ${publicFile}`)
}

function openKey(file: string, text: string, password: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: text, ...(password === undefined ? {} : { passphrase: password }) })
  } catch (cause) {
    if (password !== undefined) throw wrongPassword(file, password)
    throw unusable(file, 'is no private key', cause)
  }
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const problem = isMissing ? 'is not there' : `cannot be read: ${(cause as Error).message}`
    throw new KilnError('E-KEYS-MISSING', `${file} ${problem}`, {
      place: { file },
      cause,
      hint: 'kiln keys generate NAME makes keys; kiln keys check looks at them',
    })
  }
}

export function isThere(folder: string, ...names: readonly string[]): boolean {
  return existsSync(join(folder, ...names))
}

function unusable(file: string, problem: string, cause?: unknown): KilnError {
  return new KilnError('E-KEYS-UNUSABLE', `${file} ${problem}`, {
    place: { file },
    cause,
    hint: 'put the file back as it was, or make new keys: kiln keys generate NAME',
  })
}

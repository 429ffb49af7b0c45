import { createHash, verify, X509Certificate } from 'node:crypto'
import { Unreadable } from './bytes.ts'
import { type DerElement, firstDer, readDer } from './der.ts'
import { readPe } from './pe.ts'

/** A signature of a program that holds. */
export interface ProgramSignature {
  readonly signer: X509Certificate
  /** SHA-256 of the program without its signatures; 64 hex digits. dbx names programs by it. */
  readonly digest: string
}

const oids = {
  sha256: '608648016503040201',
  messageDigest: '2a864886f70d010904',
} as const

/**
 * The signatures of a program, each checked: that it is over this program, and made with the key of a certificate that it
 * carries. Whether that one is trusted, the caller says. Source: Microsoft, Windows Authenticode Portable Executable Signature Format.
 * @throws Unreadable where a signature is of another form, or does not hold
 */
export function readSignatures(file: Buffer): ProgramSignature[] {
  const digest = authenticodeDigest(file)
  return readPe(file).signatures.map((message) => ({ digest, signer: checkedSigner(message, digest) }))
}

/** The digest of a program without checksum, place of the signatures, and signatures. */
export function authenticodeDigest(file: Buffer): string {
  const optional = file.readUInt32LE(0x3c) + 24
  const [checksum, directory] = [optional + 64, optional + 112 + 4 * 8]
  const [tableAt, tableBytes] = [file.readUInt32LE(directory), file.readUInt32LE(directory + 4)]
  const end = tableBytes === 0 ? file.length : tableAt
  const hash = createHash('sha256')
    .update(file.subarray(0, checksum))
    .update(file.subarray(checksum + 4, directory))
    .update(file.subarray(directory + 8, end))
  // Signatures begin at a multiple of 8; a program without any is hashed as if it were filled up.
  if (end % 8 !== 0) hash.update(Buffer.alloc(8 - (end % 8)))
  return hash.digest('hex')
}

/** Walks a SignedData (RFC 2315, 9.1) with an SpcIndirectDataContent. */
function checkedSigner(message: Buffer, digest: string): X509Certificate {
  const [, wrapped] = readDer(firstDer(message).content)
  const signedData = readDer(child(wrapped).content)
  const [, , contentInfo] = signedData
  const [, explicit] = readDer(at(contentInfo).content)
  const indirect = firstDer(at(explicit).content)
  if (!digestOfIndirect(indirect).equals(Buffer.from(digest, 'hex')))
    throw new Unreadable('the signature is over another program')
  const certificates = signedData.filter(({ tag }) => tag === 0xa0).flatMap(({ content }) => readDer(content))
  const [signerInfo] = readDer(at(signedData.at(-1)).content)
  const fields = readDer(at(signerInfo).content)
  const attributes = fields.find(({ tag }) => tag === 0xa0)
  const signature = fields.findLast(({ tag }) => tag === 4)
  if (!attributes || !signature) throw new Unreadable('the signature has no attributes')
  const contentDigest = createHash('sha256').update(indirect.content).digest()
  if (!messageDigest(attributes).equals(contentDigest))
    throw new Unreadable('the signature is over another digest')
  // What is signed is the set itself; inside of the message it has a tag of its own.
  const signed = Buffer.concat([Buffer.from([0x31]), attributes.whole.subarray(1)])
  for (const { whole } of certificates) {
    const signer = signerAmong(whole, signed, signature.content)
    if (signer) return signer
  }
  throw new Unreadable('the signature does not hold')
}

/** The certificate, where its key made the signature. OpenSSL has errors of its own for what is no certificate or no key. */
function signerAmong(der: Buffer, signed: Buffer, signature: Buffer): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der)
    return verify('sha256', signed, certificate.publicKey, signature) ? certificate : undefined
  } catch (cause) {
    throw new Unreadable(`a certificate in the signature is not sound: ${(cause as Error).message}`)
  }
}

/** SpcIndirectDataContent: the second element is a DigestInfo. */
function digestOfIndirect(indirect: DerElement): Buffer {
  const [, info] = readDer(indirect.content)
  const [algorithm, value] = readDer(at(info).content)
  const [oid] = readDer(at(algorithm).content)
  if (at(oid).content.toString('hex') !== oids.sha256) throw new Unreadable('the digest is not SHA-256')
  return at(value).content
}

function messageDigest(attributes: DerElement): Buffer {
  for (const attribute of readDer(attributes.content)) {
    const [oid, values] = readDer(attribute.content)
    if (oid?.content.toString('hex') === oids.messageDigest) return child(values).content
  }
  throw new Unreadable('the signature names no digest')
}

function child(element: DerElement | undefined): DerElement {
  return firstDer(at(element).content)
}

function at(element: DerElement | undefined): DerElement {
  if (!element) throw new Unreadable('the signature is not whole')
  return element
}

import { createHash } from 'node:crypto'
import { Unreadable } from './bytes.ts'

/** What a variable of Secure Boot names: certificates, and programs by their digests. 64 hex digits each. */
export interface SignatureList {
  /** SHA-256 of the certificates in DER. */
  readonly certificates: ReadonlySet<string>
  /** As {@link authenticodeDigest} gives them. */
  readonly programs: ReadonlySet<string>
}

/** As they stand in a file, mixed-endian. */
const types = {
  certificate: 'a159c0a5e494a74a87b5ab155c2bf072',
  program: '2616c4c14c509240aca941f936934328',
} as const

/**
 * The list in an update of a variable: a time of 16 bytes, a signature with its length, the lists. Source: UEFI, 8.2.2 and 32.4.1.
 * @throws Unreadable
 */
export function readUpdate(file: Buffer): SignatureList {
  if (file.length < 24) throw new Unreadable('it ends too early')
  return readSignatureLists(file.subarray(16 + file.readUInt32LE(16)))
}

/** @throws Unreadable */
export function readSignatureLists(bytes: Buffer): SignatureList {
  const certificates = new Set<string>()
  const programs = new Set<string>()
  for (let at = 0; at < bytes.length; ) {
    if (at + 28 > bytes.length) throw new Unreadable('it ends too early')
    const type = bytes.toString('hex', at, at + 16)
    const [size, header, each] = [16, 20, 24].map((offset) => bytes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ]
    if (size < 28 || each < 16 || at + size > bytes.length) throw new Unreadable('a list goes beyond its end')
    for (let entry = at + 28 + header; entry + each <= at + size; entry += each) {
      // An owner stands before each.
      const content = bytes.subarray(entry + 16, entry + each)
      if (type === types.certificate) certificates.add(createHash('sha256').update(content).digest('hex'))
      else if (type === types.program) programs.add(content.toString('hex'))
    }
    at += size
  }
  return { certificates, programs }
}

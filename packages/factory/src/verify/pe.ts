import { architectureBy } from '@kiln/contract'
import { Unreadable } from './bytes.ts'

/** A program for UEFI. Source: Microsoft, PE Format; numbers are little-endian. */
export interface PeFile {
  readonly arch: string
  readonly sections: ReadonlyMap<string, Buffer>
  /** Signatures, each a PKCS #7 message; empty where it is not signed. */
  readonly signatures: readonly Buffer[]
}

const pkcs7 = 2

/** @throws Unreadable where headers, sections or the list of signatures are not sound */
export function readPe(file: Buffer): PeFile {
  if (file.length < 64 || file.toString('latin1', 0, 2) !== 'MZ')
    throw new Unreadable('it is no program for UEFI')
  const at = file.readUInt32LE(0x3c)
  if (at + 24 > file.length || file.toString('latin1', at, at + 4) !== 'PE\0\0')
    throw new Unreadable('it has no PE header')
  const optional = at + 24
  if (file.readUInt16LE(optional) !== 0x20b) throw new Unreadable('it is not of 64 bits')
  const sectionsAt = optional + file.readUInt16LE(at + 20)
  const count = file.readUInt16LE(at + 6)
  return {
    arch: architectureBy('peMachine', file.readUInt16LE(at + 4)) ?? 'an unknown architecture',
    sections: new Map(
      Array.from({ length: count }, (_, index) => readSection(file, sectionsAt + index * 40)),
    ),
    signatures: readSignatures(file, optional),
  }
}

function readSection(file: Buffer, at: number): [name: string, content: Buffer] {
  const name = file.toString('latin1', at, at + 8).replace(/\0.*$/s, '')
  const [virtual, raw, start] = [
    file.readUInt32LE(at + 8),
    file.readUInt32LE(at + 16),
    file.readUInt32LE(at + 20),
  ]
  if (start + raw > file.length) throw new Unreadable(`its section ${name} goes beyond its end`)
  // What is in the file is padded; the length in memory is the true one.
  return [name, file.subarray(start, start + Math.min(virtual, raw))]
}

/** The table of certificates: its place is in the fifth data directory, and it ends with the file. */
function readSignatures(file: Buffer, optional: number): Buffer[] {
  if (file.readUInt32LE(optional + 108) < 5) return []
  const directory = optional + 112 + 4 * 8
  const [start, bytes] = [file.readUInt32LE(directory), file.readUInt32LE(directory + 4)]
  if (bytes === 0) return []
  if (start + bytes !== file.length) throw new Unreadable('its signatures are not at its end')
  const signatures: Buffer[] = []
  for (let at = start; at < start + bytes; ) {
    const length = file.readUInt32LE(at)
    if (length < 8 || at + length > file.length) throw new Unreadable('a signature goes beyond its end')
    const content = file.subarray(at + 8, at + length)
    // A sequence in DER, with its length in two bytes.
    if (file.readUInt16LE(at + 6) !== pkcs7 || content[0] !== 0x30 || content[1] !== 0x82)
      throw new Unreadable('a signature is no PKCS #7 message')
    signatures.push(content)
    at += Math.ceil(length / 8) * 8
  }
  return signatures
}

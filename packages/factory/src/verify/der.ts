import { Unreadable } from './bytes.ts'

/** One element of DER (X.690, 8.1): what a certificate and a signature are written in. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

/** The elements that stand one after another. @throws Unreadable */
export function readDer(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = []
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at)
    elements.push(element)
    at += element.whole.length
  }
  return elements
}

/** The first element alone; what follows it is padding. @throws Unreadable */
export function firstDer(bytes: Buffer): DerElement {
  return readElement(bytes, 0)
}

function readElement(bytes: Buffer, at: number): DerElement {
  const [tag, short] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || short === undefined || (tag & 31) === 31) throw new Unreadable('it is no DER')
  const longBytes = short < 128 ? 0 : short & 127
  if (longBytes > 4 || short === 128) throw new Unreadable('it is no DER')
  const start = at + 2 + longBytes
  if (start > bytes.length) throw new Unreadable('it ends too early')
  const length = longBytes === 0 ? short : bytes.readUIntBE(at + 2, longBytes)
  if (start + length > bytes.length) throw new Unreadable('it ends too early')
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) }
}

import { gzipSync } from 'node:zlib'

export interface BundledFile {
  /** Relative, at most 100 bytes. */
  readonly name: string
  readonly text: string
}

const block = 512

/**
 * A tar.gz of text files, in the form ustar (POSIX.1-1988): all below one folder, owned by root, without times.
 * @param folder name of the folder in the archive
 */
export function textArchive(folder: string, files: readonly BundledFile[]): Buffer {
  const members = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text)
    return [header(`${folder}/${name}`, content.length), content, padding(content.length)]
  })
  return gzipSync(Buffer.concat([...members, Buffer.alloc(2 * block)]), { level: 9 })
}

function header(name: string, size: number): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  const fields: readonly (readonly [offset: number, text: string])[] = [
    [0, name],
    [100, octal(0o644, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(size, 11)],
    [136, octal(0, 11)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ]
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name is too long for an archive: ${name}`)
  for (const [offset, text] of fields) bytes.write(text, offset)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

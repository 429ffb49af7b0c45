/** Just enough of an ISO: volume descriptors and the root folders of both trees, with their files. */
export interface SampleIsoFile {
  readonly name: string
  readonly content: Buffer
}

const block = 2048

export function makeSampleIso(files: readonly SampleIsoFile[]): Buffer {
  const firstFile = 21
  let next = firstFile
  const placed = files.map(({ name, content }) => {
    const at = next
    next += Math.ceil(content.length / block)
    return { name, content, at }
  })
  const image = Buffer.alloc(next * block)
  image.set(descriptor(1, 19, next), 16 * block)
  image.set(descriptor(2, 20, next), 17 * block)
  image.write('\xffCD001\x01', 18 * block, 'latin1')
  image.set(
    folder(
      19,
      placed.map(({ name, ...file }) => ({
        ...file,
        name: Buffer.from(`${name.toUpperCase().slice(0, 8)};1`),
      })),
    ),
    19 * block,
  )
  image.set(
    folder(
      20,
      placed.map(({ name, ...file }) => ({ ...file, name: Buffer.from(name, 'utf16le').swap16() })),
    ),
    20 * block,
  )
  for (const { at, content } of placed) image.set(content, at * block)
  return image
}

function descriptor(kind: number, rootAt: number, blocks: number): Buffer {
  const bytes = Buffer.alloc(block)
  bytes.write(`${String.fromCharCode(kind)}CD001\x01`, 0, 'latin1')
  bytes.write('SAMPLE'.padEnd(32), 40, 'latin1')
  bothEnds(bytes, 80, blocks)
  if (kind === 2) bytes.write('%/E', 88, 'latin1')
  bytes.set(record(Buffer.from([0]), rootAt, block, true), 156)
  return bytes
}

function folder(at: number, files: readonly { name: Buffer; at: number; content: Buffer }[]): Buffer {
  const records = [
    record(Buffer.from([0]), at, block, true),
    record(Buffer.from([1]), at, block, true),
    ...files.map((file) => record(file.name, file.at, file.content.length, false)),
  ]
  return Buffer.concat(records)
}

function record(name: Buffer, at: number, size: number, isFolder: boolean): Buffer {
  const length = 33 + name.length + ((33 + name.length) % 2)
  const bytes = Buffer.alloc(length)
  bytes[0] = length
  bothEnds(bytes, 2, at)
  bothEnds(bytes, 10, size)
  bytes[25] = isFolder ? 2 : 0
  bytes[32] = name.length
  bytes.set(name, 33)
  return bytes
}

function bothEnds(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at)
  bytes.writeUInt32BE(value, at + 4)
}

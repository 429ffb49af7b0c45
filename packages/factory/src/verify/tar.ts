import { type Bytes, joined, part, Unreadable, zeros } from './bytes.ts'

/** A file in a tar archive. */
export interface TarMember {
  readonly name: string
  readonly format: 'ustar' | 'oldgnu'
  readonly content: Bytes
}

const block = 512

export async function isTar(bytes: Bytes): Promise<boolean> {
  return (await bytes.read(257, 5)).toString('latin1') === 'ustar'
}

/** POSIX pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". @throws Unreadable */
export async function readTar(archive: Bytes): Promise<TarMember[]> {
  const members: TarMember[] = []
  for (let at = 0; ; ) {
    const header = await archive.read(at, block)
    if (header.length < block) throw new Unreadable('it has no end')
    if (header.every((byte) => byte === 0)) return members
    checkSum(header)
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '')
    const size = number(header, 124, 12)
    const type = header.toString('latin1', 156, 157)
    const format = header.toString('latin1', 257, 265) === 'ustar  \0' ? 'oldgnu' : 'ustar'
    at += block
    if (type === 'S') {
      const { runs, bytes, end } = await readRuns(archive, header, at)
      members.push({ name, format, content: withHoles(part(archive, end, size), runs, bytes) })
      at = end
    } else if (type === '0' || type === '\0') members.push({ name, format, content: part(archive, at, size) })
    else throw new Unreadable(`${name} is no plain file`)
    at += Math.ceil(size / block) * block
  }
}

function checkSum(header: Buffer): void {
  const unsummed = Buffer.from(header)
  unsummed.fill(' ', 148, 156)
  const sum = unsummed.reduce((total, byte) => total + byte, 0)
  if (sum !== Number.parseInt(header.toString('latin1', 148, 156), 8))
    throw new Unreadable('the checksum of a header is wrong')
}

interface Run {
  readonly offset: number
  readonly bytes: number
}

async function readRuns(archive: Bytes, header: Buffer, at: number) {
  const runs = runsIn(header, 386, 4)
  let isContinued = header[482] === 1
  let end = at
  while (isContinued) {
    const extension = await archive.read(end, block)
    if (extension.length < block) throw new Unreadable('its list of holes has no end')
    runs.push(...runsIn(extension, 0, 21))
    isContinued = extension[504] === 1
    end += block
  }
  return { runs, bytes: number(header, 483, 12), end }
}

function runsIn(bytes: Buffer, from: number, count: number): Run[] {
  return Array.from({ length: count }, (_, index) => from + index * 24)
    .filter((at) => bytes[at] !== 0)
    .map((at) => ({ offset: number(bytes, at, 12), bytes: number(bytes, at + 12, 12) }))
}

function withHoles(data: Bytes, runs: readonly Run[], size: number): Bytes {
  const pieces: Bytes[] = []
  let [filled, taken] = [0, 0]
  for (const { offset, bytes } of runs) {
    if (offset < filled) throw new Unreadable('its list of holes is not in order')
    pieces.push(zeros(offset - filled), part(data, taken, bytes))
    filled = offset + bytes
    taken += bytes
  }
  if (taken !== data.size || filled > size) throw new Unreadable('its list of holes does not fit its size')
  return joined([...pieces, zeros(size - filled)].filter((each) => each.size > 0))
}

/** Octal digits, or GNU's binary form. */
function number(bytes: Buffer, at: number, length: number): number {
  if (bytes[at] === 0x80) return Number(bytes.readBigUInt64BE(at + length - 8))
  const value = Number.parseInt(
    bytes
      .toString('latin1', at, at + length)
      .replace(/\0.*$/s, '')
      .trim() || '0',
    8,
  )
  if (Number.isNaN(value)) throw new Unreadable('a number in a header is none')
  return value
}

import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { architectureBy } from '@kiln/contract'
import { Unreadable } from './bytes.ts'

const decompress = promisify<Buffer, Buffer>(zstdDecompress)

export interface InitramfsProgram {
  readonly path: string
  readonly arch: string
}

/** The ELF files in an initramfs, with the architecture that each is for. @throws Unreadable */
export async function initramfsPrograms(packed: Buffer): Promise<InitramfsProgram[]> {
  return (await initramfsFiles(packed)).flatMap(({ path, content }) =>
    content.length >= 20 && content.toString('latin1', 0, 4) === '\x7fELF'
      ? [{ path, arch: architectureBy('elfMachine', content.readUInt16LE(18)) ?? 'an unknown architecture' }]
      : [],
  )
}

export interface InitramfsFile {
  /** Without a slash at the start. */
  readonly path: string
  readonly content: Buffer
}

/** The regular files in an initramfs. @throws Unreadable */
export async function initramfsFiles(packed: Buffer): Promise<InitramfsFile[]> {
  const archive = await decompress(packed).catch(() => {
    throw new Unreadable('it cannot be unpacked')
  })
  return [...cpioFiles(archive)]
}

/** S_IFMT and S_IFREG of inode(7). */
const [typeMask, regularFile] = [0o170000, 0o100000]

/** The format `newc`: Linux, Documentation/driver-api/early-userspace/buffer-format.rst. */
function* cpioFiles(archive: Buffer): Generator<InitramfsFile> {
  for (let at = 0; ; ) {
    if (archive.toString('latin1', at, at + 6) !== '070701') throw new Unreadable('its archive is broken')
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
    const [mode, bytes, nameBytes] = [field(1), field(6), field(11)]
    const path = archive.toString('utf8', at + 110, at + 110 + nameBytes - 1)
    if (path === 'TRAILER!!!') return
    const start = aligned(at + 110 + nameBytes)
    if (start + bytes > archive.length) throw new Unreadable(`${path} goes beyond its end`)
    if ((mode & typeMask) === regularFile) yield { path, content: archive.subarray(start, start + bytes) }
    at = aligned(start + bytes)
  }
}

function aligned(at: number): number {
  return Math.ceil(at / 4) * 4
}

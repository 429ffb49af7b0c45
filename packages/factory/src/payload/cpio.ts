/**
 * Writer of cpio archives in the "newc" format, which the kernel unpacks as its initramfs
 * (linux Documentation/driver-api/early-userspace/buffer-format.rst). Everything that could differ between two
 * builds is fixed: order, owners, times, inode numbers.
 */
export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly content: Uint8Array
      readonly executable?: boolean
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A character device. */
  | { readonly kind: 'device'; readonly path: string; readonly major: number; readonly minor: number }

const modes = { folder: 0o040755, file: 0o100644, link: 0o120777, device: 0o020600 } as const
const executableMode = 0o100755

/** Paths are relative, without a leading slash. Folders that are missing on the way to an entry are added. */
export function writeCpio(entries: readonly CpioEntry[], epoch: number): Buffer {
  const complete = withFolders(entries).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const records = complete.map((entry, index) => record(entry, index + 1, epoch))
  return Buffer.concat([...records, trailer()])
}

/**
 * What comes before and after a file to make an archive of it: for a large one that lies elsewhere.
 * @param bytes of the file, less than 4 GiB
 */
export function cpioAround(path: string, bytes: number): { readonly before: Buffer; readonly after: Buffer } {
  const [file, ...folders] = withFolders([{ kind: 'file', path, content: Buffer.alloc(0) }]).toReversed()
  if (!file) throw new RangeError('no file')
  const head = header(file, folders.length + 1, 0, bytes)
  const parents = folders.toReversed().map((folder, index) => record(folder, index + 1, 0))
  const padding = Buffer.alloc((4 - (bytes % 4)) % 4)
  return { before: Buffer.concat([...parents, head]), after: Buffer.concat([padding, trailer()]) }
}

function trailer(): Buffer {
  return record({ kind: 'file', path: 'TRAILER!!!', content: Buffer.alloc(0) }, 0, 0)
}

function withFolders(entries: readonly CpioEntry[]): CpioEntry[] {
  const byPath = new Map<string, CpioEntry>()
  for (const entry of entries) {
    const parts = entry.path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/')
      if (!byPath.has(path)) byPath.set(path, { kind: 'folder', path })
    }
    byPath.set(entry.path, entry)
  }
  return [...byPath.values()]
}

function record(entry: CpioEntry, inode: number, epoch: number): Buffer {
  const content = contentOf(entry)
  return Buffer.concat([header(entry, inode, epoch, content.length), padded(content)])
}

function header(entry: CpioEntry, inode: number, epoch: number, bytes: number): Buffer {
  const name = Buffer.from(`${entry.path}\0`)
  const device = entry.kind === 'device' ? entry : { major: 0, minor: 0 }
  const fields = [
    inode,
    entry.kind === 'file' && entry.executable ? executableMode : modes[entry.kind],
    ...[0, 0], // uid, gid
    entry.kind === 'folder' ? 2 : 1,
    epoch,
    bytes,
    ...[0, 0], // device that holds the file
    device.major,
    device.minor,
    name.length,
    0, // checksum, unused in this format
  ]
  const text = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return padded(Buffer.concat([text, name]))
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.kind === 'file') return Buffer.from(entry.content)
  return Buffer.from(entry.kind === 'link' ? entry.target : '')
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

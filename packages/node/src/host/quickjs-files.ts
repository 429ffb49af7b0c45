import { replaceFile } from './durable.ts'
import { errnoName } from './errno.ts'
import { type FileStat, type Host, HostError } from './host.ts'
import { readLines } from './lines.ts'
import { native, os } from './quickjs-modules.ts'
import { makeFolders, removeTree } from './tree.ts'

const chunkSize = 64 * 1024
const seekSet = 0

type Files = Pick<
  Host,
  | 'readText'
  | 'readBytes'
  | 'openLines'
  | 'write'
  | 'writeAtomic'
  | 'overwrite'
  | 'flush'
  | 'stat'
  | 'lstat'
  | 'list'
  | 'mkdir'
  | 'remove'
  | 'rename'
  | 'symlink'
  | 'readlink'
  | 'chmod'
  | 'chown'
>

/** The file part of the QuickJS host. */
export const quickJsFiles: Files = {
  readText: (path) => withOpen('readText', path, os.O_RDONLY, 0, (descriptor) => readAll(descriptor, path)),
  readBytes: (path, offset, length) =>
    withOpen('readBytes', path, os.O_RDONLY, 0, (descriptor) => {
      // Variables of the firmware cannot be sought in, not even to their start.
      if (offset > 0) check('readBytes', path, os.seek(descriptor, offset, seekSet))
      return readUpTo(descriptor, length, path)
    }),
  openLines: (path) => {
    const descriptor = check('openLines', path, os.open(path, os.O_RDONLY))
    return readLines(
      (length) => readSome(descriptor, length, path),
      (bytes) => native.decodeUtf8(bytes.slice().buffer),
      () => void os.close(descriptor),
    )
  },
  write: (path, content, options = {}) => {
    const flags = os.O_WRONLY | os.O_CREAT | (options.append ? os.O_APPEND : os.O_TRUNC)
    withOpen('write', path, flags, options.mode ?? 0o644, (descriptor) => {
      writeAll(descriptor, bytesOf(content), path)
    })
  },
  writeAtomic: (path, content, options = {}) => {
    replaceFile(quickJsFiles, (target) => run('fsync', target, native.fsync), path, content, options.mode)
  },
  overwrite: (path, offset, bytes) => {
    withOpen('overwrite', path, os.O_WRONLY, 0, (descriptor) => {
      check('overwrite', path, os.seek(descriptor, offset, seekSet))
      writeAll(descriptor, bytes, path)
    })
    // Another descriptor will do: the kernel flushes the file, whoever wrote to it.
    run('overwrite', path, native.fsync)
  },
  flush: (path) => run('flush', path, native.fsync),
  stat: (path) => fileStat('stat', path, os.stat(path)),
  lstat: (path) => fileStat('lstat', path, os.lstat(path)),
  list: (path) => {
    const [names, errno] = os.readdir(path)
    check('list', path, -errno)
    return names.filter((name) => name !== '.' && name !== '..').sort()
  },
  mkdir: (path, options = {}) => {
    const mode = options.mode ?? 0o755
    if (options.recursive) return makeFolders(quickJsFiles, path, mode)
    check('mkdir', path, os.mkdir(path, mode))
    run('mkdir', path, () => native.chmod(path, mode))
  },
  remove: (path, options = {}) => {
    if (options.recursive) removeTree(quickJsFiles, path)
    else check('remove', path, os.remove(path))
  },
  rename: (from, to) => void check('rename', from, os.rename(from, to)),
  symlink: (target, path) => void check('symlink', path, os.symlink(target, path)),
  readlink: (path) => {
    const [target, errno] = os.readlink(path)
    check('readlink', path, -errno)
    return target
  },
  chmod: (path, mode) => run('chmod', path, () => native.chmod(path, mode)),
  chown: (path, uid, gid) => run('chown', path, () => native.lchown(path, uid, gid)),
}

/** Writes text to an open descriptor, whatever becomes of it: a console that is gone stops nothing. */
export function appendTo(descriptor: number, text: string): void {
  try {
    writeAll(descriptor, bytesOf(text), 'output')
  } catch {
    // Nobody is left to tell.
  }
}

/** The whole content of a descriptor from its start, as text. */
export function readFromStart(descriptor: number, path: string): string {
  check('read', path, os.seek(descriptor, 0, seekSet))
  return readAll(descriptor, path)
}

export function writeAll(descriptor: number, bytes: Uint8Array, path: string): void {
  let done = 0
  while (done < bytes.length) {
    done += check(
      'write',
      path,
      os.write(descriptor, bytes.buffer, bytes.byteOffset + done, bytes.length - done),
    )
  }
}

export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new Uint8Array(native.encodeUtf8(content)) : content
}

/** QuickJS's own loadFile asks for the size first, which is 0 in /proc and /sys. */
function readAll(descriptor: number, path: string): string {
  const chunks: Uint8Array[] = []
  let total = 0
  for (;;) {
    const chunk = readUpTo(descriptor, chunkSize, path)
    if (chunk.length === 0) break
    chunks.push(chunk)
    total += chunk.length
  }
  const whole = new Uint8Array(total)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return native.decodeUtf8(whole.buffer)
}

function readUpTo(descriptor: number, length: number, path: string): Uint8Array {
  const buffer = new ArrayBuffer(length)
  let done = 0
  while (done < length) {
    const count = check('read', path, os.read(descriptor, buffer, done, length - done))
    if (count === 0) break
    done += count
  }
  return new Uint8Array(buffer, 0, done)
}

/** One read: a terminal gives a line, and waits for the next one. */
function readSome(descriptor: number, length: number, path: string): Uint8Array {
  const buffer = new ArrayBuffer(length)
  return new Uint8Array(buffer, 0, check('read', path, os.read(descriptor, buffer, 0, length)))
}

function withOpen<T>(
  operation: string,
  path: string,
  flags: number,
  mode: number,
  body: (descriptor: number) => T,
): T {
  const descriptor = check(operation, path, os.open(path, flags, mode))
  try {
    return body(descriptor)
  } finally {
    os.close(descriptor)
  }
}

function fileStat(
  operation: string,
  path: string,
  [stat, errno]: readonly [Parameters<typeof toFileStat>[0] | null, number],
): FileStat {
  if (stat) return toFileStat(stat)
  throw new HostError(errnoName(errno), operation, path)
}

function toFileStat(stat: {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
}): FileStat {
  const types: Record<number, FileStat['type']> = {
    [os.S_IFREG]: 'file',
    [os.S_IFDIR]: 'directory',
    [os.S_IFLNK]: 'link',
    [os.S_IFBLK]: 'block',
    [os.S_IFCHR]: 'character',
  }
  return {
    type: types[stat.mode & os.S_IFMT] ?? 'other',
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: stat.size,
  }
}

function check(operation: string, path: string, result: number): number {
  if (result < 0) throw new HostError(errnoName(result), operation, path)
  return result
}

function run(operation: string, path: string, body: (path: string) => void): void {
  try {
    body(path)
  } catch (error) {
    const { errno } = error as { readonly errno?: number }
    throw errno === undefined ? error : new HostError(errnoName(errno), operation, path)
  }
}

/**
 * What the program needs from the operating system: synchronous and small. Two adapters: QuickJS on the node, Node.js in
 * tests. `conformance.ts` says, by cases, what both must do.
 */
export interface Host {
  /** Arguments without the program's own name. */
  readonly args: readonly string[]
  env(name: string): string | undefined
  /** Milliseconds since 1970; may be wrong early in the boot. */
  now(): number
  /** Milliseconds since the kernel started; only ever grows. */
  uptime(): number
  sleep(ms: number): void
  print(text: string): void
  printError(text: string): void

  /** Reads to the end, also where the size is not known before, as in /proc. Bytes that are not UTF-8 become U+FFFD. */
  readText(path: string): string
  /** At most `length` bytes from `offset`; fewer at the end of the file. Works on block devices. */
  readBytes(path: string, offset: number, length: number): Uint8Array
  /** Opens a terminal, pipe or file for reading line by line; `/dev/stdin` is the standard input. */
  openLines(path: string): LineReader
  /** Creates or truncates. An existing file keeps its mode. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): void
  /** Either the old content or the whole new one survives a power cut. An existing file keeps mode and owner. */
  writeAtomic(path: string, content: string | Uint8Array, options?: { readonly mode?: number }): void
  /** Changes bytes of a file or block device that is there, in place and without truncating it, and flushes them. */
  overwrite(path: string, offset: number, bytes: Uint8Array): void
  /** Waits until a file's content, or a folder's names, are on the disk. */
  flush(path: string): void
  stat(path: string): FileStat
  lstat(path: string): FileStat
  /** Names in a folder, sorted. */
  list(path: string): string[]
  /** With `recursive`, parents are made too and an existing folder is no error. The mode is for folders that are made. */
  mkdir(path: string, options?: { readonly recursive?: boolean; readonly mode?: number }): void
  /** Removes a file, a link or an empty folder; with `recursive` anything, and nothing there is no error. */
  remove(path: string, options?: { readonly recursive?: boolean }): void
  rename(from: string, to: string): void
  symlink(target: string, path: string): void
  readlink(path: string): string
  chmod(path: string, mode: number): void
  /** Changes a link itself, not what it points to. */
  chown(path: string, uid: number, gid: number): void

  /**
   * Runs a program to its end. A program that is not there throws ENOENT; any exit code is a result. On the node it ends with this
   * one, however that ends: nobody is left that writes.
   */
  run(argv: Argv, options?: RunOptions): RunResult
  /** Replaces this program by another one. */
  exec(argv: Argv): never

  mount(request: MountRequest): void
  unmount(path: string, options?: { readonly lazy?: boolean }): void
  /** A request to a device or file that takes one number (ioctl(2) with a pointer to an int). */
  ioctl(path: string, request: number, value: number): void
  statfs(path: string): FileSystemSpace
  /** Takes a lock on a file (created where missing), or undefined where another holder has it. Ends with the process. */
  lock(path: string): Lock | undefined
  sync(): void
  reboot(kind: RebootKind): void
}

export type Argv = readonly [program: string, ...rest: string[]]
export type RebootKind = 'restart' | 'poweroff' | 'halt'

export interface LineReader {
  /** The next line, without its end; undefined after the last one. Waits until there is one. */
  next(): string | undefined
  close(): void
}

export interface WriteOptions {
  readonly append?: boolean
  /** For a file that is created. Default 0644. */
  readonly mode?: number
}

export interface FileStat {
  readonly type: 'file' | 'directory' | 'link' | 'block' | 'character' | 'other'
  /** Permission bits, set-id and sticky bits included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
}

export interface RunOptions {
  readonly input?: string
  /** Added to the environment of this program. */
  readonly env?: Readonly<Record<string, string>>
  /** The program is killed after that, with code 124. */
  readonly timeoutMs?: number
  /** `inherit`: the program writes where this one does, and nothing is captured. */
  readonly output?: 'capture' | 'inherit'
  /** For progress of long programs. */
  readonly watch?: Watch
}

export interface Watch {
  /** Milliseconds. */
  readonly every: number
  /** Called again and again while the program runs. What it throws kills the program, and is thrown on. */
  readonly look: () => void
}

export interface RunResult {
  /** 128 + number where a signal ended the program. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface MountRequest {
  readonly source: string
  readonly target: string
  readonly type?: string
  readonly flags?: readonly MountFlag[]
  /** Options of the file system itself, e.g. `size=25%`. */
  readonly data?: string
}

/** linux/mount.h */
export const mountFlags = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  bind: 4096,
  move: 8192,
  rec: 16384,
} as const
export type MountFlag = keyof typeof mountFlags

/** Bytes. `available` is what an ordinary user can still write. */
export interface FileSystemSpace {
  readonly total: number
  readonly free: number
  readonly available: number
}

export interface Lock {
  release(): void
}

/** The one error of the port. */
export class HostError extends Error {
  /** `ENOENT`, `EIO` … */
  readonly errno: string
  readonly operation: string
  readonly path: string

  constructor(errno: string, operation: string, path: string) {
    super(`${operation} ${path}: ${errno}`)
    this.name = 'HostError'
    this.errno = errno
    this.operation = operation
    this.path = path
  }
}

export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof HostError && names.includes(error.errno)
}

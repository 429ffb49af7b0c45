// biome-ignore-all lint/correctness/noUndeclaredDependencies: these modules are part of the program that qjsc makes
// biome-ignore-all lint/style/useNodejsImportProtocol: `os` is QuickJS's here
import * as native from 'kiln_native'
import * as quickJsOs from 'os'
import * as std from 'std'

/**
 * The modules of QuickJS, imported in this one place. `os` has the name of one of Node's, so its types are given here
 * and not by a module declaration. Source: the manual of QuickJS 2025-04-26.
 */
type Errno = number

interface Stat {
  mode: number
  uid: number
  gid: number
  size: number
}

interface ExecOptions {
  block?: boolean
  file?: string
  stdin?: number
  stdout?: number
  stderr?: number
  env?: Record<string, string>
}

interface QuickJsOs {
  readonly O_RDONLY: number
  readonly O_WRONLY: number
  readonly O_CREAT: number
  readonly O_TRUNC: number
  readonly O_APPEND: number
  readonly O_EXCL: number
  readonly O_RDWR: number
  readonly S_IFMT: number
  readonly S_IFREG: number
  readonly S_IFDIR: number
  readonly S_IFLNK: number
  readonly S_IFBLK: number
  readonly S_IFCHR: number
  readonly WNOHANG: number
  /** A descriptor, or a negative errno; so do all functions here that return a number. */
  open(path: string, flags: number, mode?: number): number
  close(descriptor: number): number
  read(descriptor: number, buffer: ArrayBufferLike, offset: number, length: number): number
  write(descriptor: number, buffer: ArrayBufferLike, offset: number, length: number): number
  seek(descriptor: number, offset: number, whence: number): number
  remove(path: string): number
  rename(from: string, to: string): number
  mkdir(path: string, mode?: number): number
  symlink(target: string, path: string): number
  readlink(path: string): [string, Errno]
  readdir(path: string): [string[], Errno]
  stat(path: string): [Stat | null, Errno]
  lstat(path: string): [Stat | null, Errno]
  exec(argv: readonly string[], options?: ExecOptions): number
  /** `[pid or negative errno, raw wait status]` */
  waitpid(pid: number, options: number): [number, number]
  kill(pid: number, signal: number): number
  getpid(): number
  sleep(ms: number): void
  /** Milliseconds of the monotonic clock, with fractions. */
  now(): number
}

export const os = quickJsOs as unknown as QuickJsOs
export { native, std }

/** The part of QuickJS's module `std` that the host adapter uses. Source: the manual of QuickJS 2025-04-26. */
declare module 'std' {
  export function exit(code: number): never
  export function getenv(name: string): string | undefined
  export function getenviron(): Record<string, string>
}

/** `native/kiln_native.c`. Every function throws an Error with a numeric `errno`. */
declare module 'kiln_native' {
  export function mount(source: string, target: string, type: string, data: string, flags: number): void
  export function umount(path: string, flags: number): void
  export function chmod(path: string, mode: number): void
  export function fsync(path: string): void
  export function ioctl(path: string, request: number, value: number): number
  export function lchown(path: string, uid: number, gid: number): void
  export function statvfs(path: string): [blockSize: number, total: number, free: number, available: number]
  export function reboot(command: number): void
  export function flock(descriptor: number, operation: number): void
  export function sync(): void
  export function memfd(name: string): number
  export function execve(path: string, argv: readonly string[], env: readonly string[]): void
  export function load(name: string): Promise<unknown>
  export function decodeUtf8(bytes: ArrayBufferLike): string
  export function encodeUtf8(text: string): ArrayBuffer
}

/** Arguments of the process, the program's name first. */
declare var scriptArgs: string[]

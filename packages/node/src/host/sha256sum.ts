import { type Host, HostError } from './host.ts'

/** sha256sum(1): of coreutils on the node, of busybox in the initramfs. */

/**
 * @returns `sha256:<64 hex digits>`
 * @throws HostError as the program met it: ENOENT where there is no such program or file, EIO where it could not be read
 */
export function fileDigest(host: Pick<Host, 'run' | 'stat'>, path: string): string {
  host.stat(path)
  const { code, stdout } = host.run(['sha256sum', path])
  // A name with strange characters is escaped, and the line then begins with a backslash.
  const digest = stdout.match(/^\\?([0-9a-f]{64}) /)?.[1]
  if (code !== 0 || digest === undefined) throw new HostError('EIO', 'sha256sum', path)
  return `sha256:${digest}`
}

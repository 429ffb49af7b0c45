import type { Host } from '../host/host.ts'
import { fileDigest } from '../host/sha256sum.ts'

/**
 * Digest of what the disk holds, not of what the kernel still remembers of a write. The file has to be flushed before.
 * @returns `sha256:<64 hex digits>`
 * @throws HostError ENOENT, EIO
 */
export function digestFromDisk(host: Pick<Host, 'run' | 'stat'>, path: string): string {
  // dd(1) of coreutils: without a count, this asks the kernel to forget the file's pages. busybox cannot; then it is skipped.
  host.run(['dd', `if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  return fileDigest(host, path)
}

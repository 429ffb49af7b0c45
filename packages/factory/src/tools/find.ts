import { runStreaming } from './process.ts'
import { isolated } from './unshare.ts'

export interface TreeEntry {
  /** Relative to the folder, which is the empty path itself. */
  readonly path: string
  /** As `find` names it: `f`, `d`, `l`, `c`, … */
  readonly kind: string
  readonly inode: string
  /** Bytes. */
  readonly size: number
  /** Seconds since 1970, with all digits that the file system keeps. */
  readonly mtime: string
  readonly ctime: string
}

/** Lists everything below a folder, files of subordinate ids included. About 50 ms for 10,000 entries. */
export async function listTree(folder: string): Promise<TreeEntry[]> {
  const command = ['find', folder, '-printf', String.raw`%y %i %s %T@ %C@ %P\0`]
  const chunks: Buffer[] = []
  // As a stream: there are no lines in it that anybody should look for.
  await runStreaming('setpriv', [...isolated({ network: false }), ...command], (chunk) => chunks.push(chunk))
  return parseListing(Buffer.concat(chunks).toString('utf8'))
}

export function parseListing(text: string): TreeEntry[] {
  return text
    .split('\0')
    .slice(0, -1)
    .map((line) => {
      const [kind = '', inode = '', size = '', mtime = '', ctime = '', ...path] = line.split(' ')
      return { kind, inode, size: Number(size), mtime, ctime, path: path.join(' ') }
    })
}

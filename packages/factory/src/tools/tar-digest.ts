import { createHash } from 'node:crypto'
import { isKilnError } from '@kiln/contract'
import { runStreaming } from './process.ts'
import { isolated } from './unshare.ts'

/**
 * Digest of everything below a folder: names, kinds, modes, owners, links, extended attributes with the capabilities,
 * contents. Times do not count. Files of subordinate ids are read, too. 64 hex digits.
 * @param without names in the folder itself that are left out
 */
export async function treeDigest(
  folder: string,
  signal?: AbortSignal,
  without: readonly string[] = [],
): Promise<string> {
  for (let tries = 3; ; tries--) {
    try {
      return await digestOnce(folder, signal, without)
    } catch (error) {
      if (tries <= 1 || !isDisturbed(error)) throw error
    }
  }
}

/** Somebody gave a file a further name while tar read it, as builds do with package files: it is the same file still. */
function isDisturbed(error: unknown): boolean {
  return isKilnError(error) && /: file changed as we read it$/m.test(error.output ?? '')
}

async function digestOnce(
  folder: string,
  signal: AbortSignal | undefined,
  without: readonly string[],
): Promise<string> {
  const hash = createHash('sha256')
  const command = [...isolated({ network: false }), 'tar', ...digestArguments(folder, without)]
  await runStreaming('setpriv', command, (chunk) => hash.update(chunk), { signal })
  return hash.digest('hex')
}

/** GNU tar writes an archive that depends on the tree alone: no times, no process id in the names of its headers. */
export function digestArguments(folder: string, without: readonly string[] = []): string[] {
  return [
    ...['--create', '--format=posix', '--sort=name', '--mtime=@0', '--numeric-owner'],
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    ...['--xattrs', '--xattrs-include=*'],
    ...['--anchored', '--no-wildcards', ...without.map((name) => `--exclude=./${name}`)],
    ...['--blocking-factor=512', `--directory=${folder}`, '.'],
  ]
}

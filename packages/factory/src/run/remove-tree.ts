import { rm } from 'node:fs/promises'
import { run } from '../tools/process.ts'
import { isolated } from '../tools/unshare.ts'

/**
 * Removes a folder with all that is in it. A layer made by an ordinary user holds files of its subordinate ids, which
 * only their namespace may remove.
 */
export async function removeTree(folder: string): Promise<void> {
  if (process.getuid?.() === 0) await rm(folder, { recursive: true, force: true })
  else await run('setpriv', [...isolated({ network: false }), 'rm', '-rf', '--', folder])
}

import { copyFile, link, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flush } from '../flush.ts'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { syncFileSystem } from '../tools/sync.ts'

/**
 * Brings a file to another place, linked where that can be, copied otherwise. It gets its name when all of it is written; one
 * that is there and the same is left alone. The disk need not have it yet: what is there is read before it is trusted.
 * @param digest `sha256:<64 hex digits>`
 */
export async function place(from: string, to: string, digest: string): Promise<void> {
  if (await isThere(to, digest)) return
  const part = `${to}.part`
  await rm(part, { force: true })
  await link(from, part).catch(() => copyFile(from, part))
  await rename(part, to)
}

async function isThere(path: string, digest: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true && (await prefixedFileDigest(path)) === digest
}

/** The file that all others are believed by: the old one or the new one, whatever happens, and the others before it. */
export async function writeLast(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text)
  await flush(`${path}.part`)
  await syncFileSystem(dirname(path))
  await rename(`${path}.part`, path)
}

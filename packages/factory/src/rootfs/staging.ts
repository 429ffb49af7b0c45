import { chmod, copyFile, lstat, mkdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { listTree } from '../resolve/digest.ts'

/** A folder in which the files of a layer are gathered, with modes that do not depend on the user's umask. */
export interface Staging {
  readonly folder: string
}

export async function makeStaging(folder: string): Promise<Staging> {
  await mkdir(folder, { recursive: true })
  return { folder }
}

/** @param path absolute, as in the image */
export async function stageText(staging: Staging, path: string, text: string, mode = 0o644): Promise<void> {
  const target = await clearPlace(staging, path)
  await writeFile(target, text)
  await chmod(target, mode)
}

export async function stageFile(staging: Staging, source: string, path: string, mode: number): Promise<void> {
  const target = await clearPlace(staging, path)
  await copyFile(source, target)
  await chmod(target, mode)
}

export async function stageFolder(staging: Staging, path: string): Promise<void> {
  let folder = staging.folder
  for (const part of path.split('/').filter((name) => name !== '')) {
    folder = join(folder, part)
    await mkdir(folder).catch(ignoreExisting)
    await requireFolder(folder, path)
    await chmod(folder, 0o755)
  }
}

/**
 * Copies a tree. As git does, only the executable bit of a file counts: 0755 or 0644; folders are 0755. A checkout under
 * another umask gives the same image. Other modes are a matter for the cloud-config.
 */
export async function stageTree(staging: Staging, source: string, path = '/'): Promise<void> {
  for (const entry of await listTree(source)) {
    const from = join(source, entry.path)
    const to = join(path, entry.path)
    if (entry.kind === 'folder') await stageFolder(staging, to)
    else if (entry.kind === 'file') await stageFile(staging, from, to, entry.executable ? 0o755 : 0o644)
    else await symlink(await readlink(from), await clearPlace(staging, to))
  }
}

/** What was staged before gives way. A link is removed, never followed: it may lead out of the staging folder. */
async function clearPlace(staging: Staging, path: string): Promise<string> {
  await stageFolder(staging, dirname(path))
  const target = join(staging.folder, path)
  await rm(target, { force: true })
  return target
}

/** @throws KilnError E-OVERLAY-UNREADABLE where a link or a file stands in the place of a folder */
async function requireFolder(folder: string, path: string): Promise<void> {
  if ((await lstat(folder)).isDirectory()) return
  throw new KilnError('E-OVERLAY-UNREADABLE', `a file or link stands where a folder has to be: ${path}`, {
    hint: 'make it a folder in the overlay or medium folder, or take it out',
  })
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

import { lstat, readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { KilnError, ociAnnotations } from '@kiln/contract'
import { readBlobDocument, readLayoutIndex } from '../layout/read.ts'
import type { PublishedFile } from './artifacts.ts'

/** What is given out: image layouts as repositories, and files. */
export interface Published {
  /** Folder → name for its images that have only a tag. */
  readonly layouts: ReadonlyMap<string, string>
  /** Name → file. */
  readonly files: ReadonlyMap<string, PublishedFile>
}

/**
 * Looks what paths name: image layouts, artifacts, or folders with some of them, such as `kiln build --out` fills. Of such a
 * folder only what is called as artifacts are; links are not followed.
 * @throws KilnError E-ARTIFACT-MISSING, E-LAYOUT-INVALID, E-USAGE where two files have one name
 */
export async function findPublished(paths: readonly string[]): Promise<Published> {
  const published: Collected = { layouts: new Map(), files: new Map() }
  for (const path of paths.map((each) => resolve(each))) {
    const kind = await kindOf(path)
    if (kind === 'none') throw new KilnError('E-ARTIFACT-MISSING', `there is no ${path}`)
    if (kind !== 'folder') await add(published, path, kind)
    else await addFolder(published, path)
  }
  if (published.layouts.size + published.files.size === 0) {
    throw new KilnError('E-ARTIFACT-MISSING', `there is nothing to serve in ${paths.join(', ')}`, {
      hint: 'name image layouts, artifacts, or the folder that kiln build filled',
    })
  }
  return published
}

interface Collected {
  readonly layouts: Map<string, string>
  readonly files: Map<string, PublishedFile>
}

async function addFolder(published: Collected, folder: string): Promise<void> {
  const inside = (await readdir(folder)).filter((name) => name.startsWith('kairos-')).sort()
  for (const path of inside.map((name) => join(folder, name))) {
    const kind = await kindOf(path)
    if (kind === 'layout' || kind === 'file') await add(published, path, kind)
  }
}

async function add({ layouts, files }: Collected, path: string, kind: 'layout' | 'file'): Promise<void> {
  if (kind === 'layout') layouts.set(path, await layoutName(path))
  else await addFile(files, path)
}

type Kind = 'layout' | 'folder' | 'file' | 'none'

async function kindOf(path: string): Promise<Kind> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isFile()) return 'file'
  if (!found?.isDirectory()) return 'none'
  const marker = await lstat(join(path, 'oci-layout')).catch(() => undefined)
  return marker?.isFile() ? 'layout' : 'folder'
}

async function addFile(files: Map<string, PublishedFile>, file: string): Promise<void> {
  const name = basename(file)
  const { size, mtimeMs } = await lstat(file)
  const known = files.get(name)
  if (known && known.file !== file) {
    throw new KilnError('E-USAGE', `two files are called ${name}: ${known.file} and ${file}`)
  }
  files.set(name, { file, size, tag: `${size}-${Math.round(mtimeMs)}` })
}

/** The system's own name, which its index carries; `image` where there is none. */
async function layoutName(layout: string): Promise<string> {
  for (const entry of (await readLayoutIndex(layout)).manifests) {
    const document = await readBlobDocument(layout, entry)
    const title = 'index' in document ? document.index.annotations?.[ociAnnotations.title] : undefined
    if (title !== undefined && /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/.test(title)) return title
  }
  return 'image'
}

import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { controlOf } from '../tools/dpkg-deb.ts'
import { partOf } from './part-file.ts'

/**
 * The control fields of a package file in the pool. Unpacking them takes a process of 10 ms for each file, so they are kept
 * beside it, below a line with their digest.
 */
export async function keptControl(path: string, signal: AbortSignal): Promise<string> {
  const kept = `${path}.control`
  const found = await readKept(kept)
  if (found !== undefined) return found
  const control = await controlOf(path, signal)
  const partial = partOf(kept)
  await writeFile(partial, `${digestOf(control)}\n${control}`)
  await rename(partial, kept)
  return control
}

async function readKept(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const end = text.indexOf('\n')
  const control = text.slice(end + 1)
  return end > 0 && text.slice(0, end) === digestOf(control) ? control : undefined
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

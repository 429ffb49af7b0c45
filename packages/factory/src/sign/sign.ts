import { readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { bundleSuffix, signedBundle } from './bundle.ts'
import type { NamedKey } from './keys.ts'

export interface SignedFile {
  readonly file: string
  readonly bundle: string
}

/**
 * Signs files, each with a bundle beside it. Of a folder, all files directly in it but the bundles.
 * @throws KilnError E-ARTIFACT-MISSING before anything is signed
 */
export async function signFiles(paths: readonly string[], key: NamedKey): Promise<SignedFile[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat()
  const signed: SignedFile[] = []
  for (const file of files) {
    const bundle = `${file}${bundleSuffix}`
    await writeFile(`${bundle}.part`, await signedBundle(file, key))
    await rename(`${bundle}.part`, bundle)
    signed.push({ file, bundle })
  }
  return signed
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) {
    throw new KilnError('E-ARTIFACT-MISSING', `${path} is not there`, {
      place: { file: path },
      hint: '"kiln build" makes artifacts and prints their paths',
    })
  }
  if (!found.isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(bundleSuffix) && !entry.name.endsWith('.part'))
    .map(({ name }) => join(path, name))
    .sort()
}

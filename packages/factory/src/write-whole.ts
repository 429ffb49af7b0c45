import { rename, writeFile } from 'node:fs/promises'

/** A small file, whole or not there. The disk may not have it yet: for what is read before it is trusted. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text)
  await rename(`${path}.part`, path)
}

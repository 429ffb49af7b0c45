import { isDeepStrictEqual } from 'node:util'
import { renewSets } from '../build.ts'
import { readLock } from '../lock/file.ts'
import { registryTools } from '../registry/tools.ts'
import { lockFile } from '../resolve/resolve.ts'
import { lockImages } from './locked-images.ts'

/** Asks all archives and registries anew and writes the lock. @returns whether it changed */
export async function renewLock(
  options: Parameters<typeof renewSets>[0],
): Promise<{ file: string; changed: boolean }> {
  const { definition, signal } = options
  const file = lockFile(definition)
  const before = await readLock(file)
  const { changed } = await renewSets(options)
  if (definition.definition.bundle?.images.length || before?.images) {
    const tools = await registryTools(options)
    await lockImages({ definition, tools, signal, renew: true, frozen: false })
  }
  const after = await readLock(file)
  return { file, changed: changed || !isDeepStrictEqual(before?.images, after?.images) }
}

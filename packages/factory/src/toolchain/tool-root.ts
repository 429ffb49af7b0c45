import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { MakeOptions } from '../build.ts'
import { definitionFileName, type LoadedDefinition, loadDefinition } from '../definition/load.ts'
import { listDistros } from '../distros/load.ts'
import { makeTools } from '../make-tools.ts'
import { keepLock } from '../resolve/keep-lock.ts'
import { resolveBuild } from '../resolve/resolve.ts'
import { kilnVersion } from '../version.ts'

export type ToolOptions = Pick<MakeOptions, 'cacheFolder' | 'poolFolder' | 'emit' | 'signal'> & {
  /** Whose lock, mirror and keyring count. Default: a lock in the cache, and the machine's mirror. */
  readonly definition?: LoadedDefinition
  /** Leave the lock as it is. */
  readonly frozen?: boolean
}

/** Tools for work that is no build; made where the cache does not have them. */
export async function toolRootFor(
  name: 'container-tools' | 'signing-tools',
  options: ToolOptions,
): Promise<{ readonly folder: string }> {
  const { cacheFolder, emit, signal, frozen = false } = options
  const definition = options.definition ?? (await ownDefinition(cacheFolder))
  const { containerTools, signingTools, lock } = await resolveBuild({
    definition,
    images: [],
    containerTools: name === 'container-tools',
    signingTools: name === 'signing-tools',
    cloudConfig: undefined,
    kilnVersion,
    cacheFolder,
    renewLock: false,
    frozen: false,
    signal,
    onResolve: (set, why) =>
      emit({ event: 'notice', level: 'info', message: `resolves the packages of ${set}: ${why}` }),
    makeTools: () => Promise.reject(new KilnError('E-BUG', 'no image has a base')),
  })
  const root = name === 'container-tools' ? containerTools : signingTools
  if (!root) throw new KilnError('E-BUG', `the ${name} were not resolved`)
  if (!frozen) await keepLock(definition, lock)
  return makeTools(name, root, options)
}

/** For who has no definition: such work needs tools, and tools a lock. */
async function ownDefinition(cacheFolder: string): Promise<LoadedDefinition> {
  const folder = join(cacheFolder, 'tools')
  await mkdir(folder, { recursive: true })
  const text = 'name: tools\nversion: v0.0.0\nimages:\n  - flavor: debian\n    release: "13"\n'
  await writeFile(join(folder, definitionFileName), text)
  return loadDefinition(folder, listDistros())
}

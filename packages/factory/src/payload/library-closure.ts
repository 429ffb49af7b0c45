import { KilnError } from '@kiln/contract'
import { elfNeeds } from './elf.ts'

/** Reads a file of some root by its absolute path, links followed; undefined where there is none. */
export type ReadFile = (path: string) => Buffer | undefined

const systemFolders = ['/usr/lib', '/lib', '/usr/lib64', '/lib64']

/**
 * A program with every library it needs, directly or through others, and its loader: path → content.
 * Libraries are looked for where the loader looks: run path, then the system's folders.
 * @param multiarch name of the architecture's library folder on Debian: `x86_64-linux-gnu`
 * @throws KilnError E-LIBRARY-MISSING
 */
export function libraryClosure(program: string, read: ReadFile, multiarch: string): Map<string, Buffer> {
  const folders = [...systemFolders.map((folder) => `${folder}/${multiarch}`), ...systemFolders]
  const closure = new Map<string, Buffer>()
  const waiting = [program]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (closure.has(path)) continue
    const content = read(path)
    if (!content) throw new KilnError('E-LIBRARY-MISSING', `${path} is missing; ${program} needs it`)
    closure.set(path, content)
    const needs = elfNeeds(content)
    if (!needs) continue
    if (needs.interpreter) waiting.push(needs.interpreter)
    const origin = path.slice(0, path.lastIndexOf('/'))
    const places = [...needs.runPath.map((place) => place.replace('$ORIGIN', origin)), ...folders]
    for (const library of needs.libraries) waiting.push(findLibrary(library, places, read, path))
  }
  return closure
}

function findLibrary(name: string, folders: readonly string[], read: ReadFile, wantedBy: string): string {
  const found = folders.map((folder) => `${folder}/${name}`).find((path) => read(path) !== undefined)
  if (found) return found
  throw new KilnError('E-LIBRARY-MISSING', `the library ${name} is missing; ${wantedBy} needs it`, {
    hint: 'this is a defect of the toolchain; `kiln build --rebuild` makes it anew',
  })
}

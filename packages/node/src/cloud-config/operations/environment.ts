import { parentOf } from '../../host/durable.ts'
import { makeFolders, readIfThere } from '../../host/tree.ts'
import { parseAssignments } from '../../release-file.ts'
import type { Actor } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Sets variables in a file of them; others stay, lines that are none as well. */
export function setEnvironment({ path, values }: OperationOf<'environment'>, { host, root }: Actor): void {
  const file = `${root}${path}`
  const lines = (readIfThere(host, file) ?? '').split('\n').filter((line) => line !== '')
  const nameOf = (line: string) => line.match(/^(?:export\s+)?([A-Za-z_]\w*)=/)?.[1]
  const kept = lines.map((line) => {
    const name = nameOf(line)
    return name !== undefined && Object.hasOwn(values, name) ? assignment(name, values[name] ?? '') : line
  })
  const known = new Set(lines.map(nameOf))
  const fresh = Object.entries(values).flatMap(([name, value]) =>
    known.has(name) ? [] : [assignment(name, value)],
  )
  makeFolders(host, parentOf(file), 0o744)
  host.writeAtomic(file, [...kept, ...fresh].map((line) => `${line}\n`).join(''))
}

/** Quoted where a reader would see something else otherwise. */
function assignment(name: string, value: string): string {
  const bare = `${name}=${value}`
  const isPlain = /^[A-Za-z0-9_@%+=:,./-]*$/.test(value) && parseAssignments(bare)[name] === value
  return isPlain ? bare : `${name}="${value.replace(/["\\$`]/g, '\\$&')}"`
}

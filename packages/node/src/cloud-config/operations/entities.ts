import { exists, readIfThere } from '../../host/tree.ts'
import type { Actor } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Puts a line into a file like passwd, in the place of one with the same name. */
export function ensureEntity({ path, fields }: OperationOf<'ensure-entity'>, actor: Actor): void {
  change(path, actor, (lines) => {
    const line = fields.join(':')
    const at = lines.findIndex((each) => each.startsWith(`${fields[0]}:`))
    return at < 0 ? [...lines, line] : lines.with(at, line)
  })
}

/** Takes the line with that name out. */
export function deleteEntity({ path, fields }: OperationOf<'delete-entity'>, actor: Actor): void {
  change(path, actor, (lines) => lines.filter((line) => !line.startsWith(`${fields[0]}:`)))
}

const isSecret = /shadow$/

function change(
  path: string,
  { host, root }: Actor,
  edit: (lines: readonly string[]) => readonly string[],
): void {
  const file = `${root}${path}`
  const before = (readIfThere(host, file) ?? '').split('\n').filter(Boolean)
  const after = edit(before)
  if (after.length === before.length && after.every((line, at) => line === before[at])) return
  const mode = exists(host, file) ? {} : { mode: isSecret.test(path) ? 0o640 : 0o644 }
  host.writeAtomic(file, after.map((line) => `${line}\n`).join(''), mode)
}

import type { Actor } from './actor.ts'
import type { OperationOf } from './operation.ts'
import { ownerIds } from './ownership.ts'

/** Makes a folder; one that is there gets the mode and owner, its parents stay as they are. */
export function makeDirectory(operation: OperationOf<'directory'>, actor: Actor): void {
  const { host, root } = actor
  const path = `${root}${operation.path}`
  // Before anything is made: an unknown owner must not leave a folder that belongs to root.
  const ids = ownerIds(operation.ownership, actor)
  host.mkdir(path, { recursive: true, mode: operation.mode ?? 0o755 })
  if (operation.mode !== undefined) host.chmod(path, operation.mode)
  if (ids) host.chown(path, ids.uid, ids.gid)
}

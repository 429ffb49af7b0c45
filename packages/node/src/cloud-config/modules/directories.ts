import type { DirectoryConfig } from '@kiln/contract/cloud-config/schema/step'
import { forEach, type ModuleContext } from './context.ts'
import { ownerIds } from './ownership.ts'

/** Makes folders; one that is there gets the mode and owner, its parents stay as they are. */
export function makeDirectories(directories: readonly DirectoryConfig[], context: ModuleContext): void {
  const { host, root } = context
  forEach(directories, (directory) => {
    const path = `${root}${directory.path}`
    host.mkdir(path, { recursive: true, mode: directory.permissions ?? 0o755 })
    if (directory.permissions !== undefined) host.chmod(path, directory.permissions)
    const ids = ownerIds(directory, context)
    if (ids) host.chown(path, ids.uid, ids.gid)
  })
}

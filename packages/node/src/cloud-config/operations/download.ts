import { parentOf } from '../../host/durable.ts'
import { fileDigest } from '../../host/sha256sum.ts'
import { exists } from '../../host/tree.ts'
import { type Actor, OperationError } from './actor.ts'
import { fetchFile } from './fetch.ts'
import { folderMode, makeParents } from './files.ts'
import type { DownloadOperation } from './operation.ts'
import { ownerIds } from './ownership.ts'

/** Fetches a file beside its place and moves it there when it is whole. With a checksum, what fits already stays. */
export function downloadFile(operation: DownloadOperation, actor: Actor): void {
  const { host, root, timeoutMs } = actor
  const { url, checksum, mode } = operation
  const path = `${root}${operation.path}`
  const ids = ownerIds(operation.ownership, actor)
  if (checksum === undefined || !exists(host, path) || fileDigest(host, path) !== checksum) {
    const plainHttp = url.startsWith('http://')
    if (plainHttp && checksum === undefined)
      actor.warn(`${url}: fetched without encryption and without a checksum`)
    makeParents(parentOf(path), folderMode(mode), ids, actor)
    const file = `${path}.kiln-part`
    fetchFile({ url, file, timeoutMs: operation.timeoutMs ?? timeoutMs, plainHttp }, actor)
    const found = checksum === undefined ? undefined : fileDigest(host, file)
    if (found !== checksum) {
      host.remove(file)
      throw new OperationError(`${url}: is ${found}, not ${checksum}`)
    }
    host.flush(file)
    host.rename(file, path)
  }
  host.chmod(path, mode)
  if (ids) host.chown(path, ids.uid, ids.gid)
}

import { type Architecture, efiFallbackFile, espPaths } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { parentOf } from '../host/durable.ts'
import type { Host } from '../host/host.ts'
import { exists, listIfThere } from '../host/tree.ts'
import type { LoaderFiles } from './boot-loader.ts'
import { copyVerified, isWhole, removeIfThere } from './esp-files.ts'
import { digestFromDisk } from './read-back.ts'

/** File of systemd-boot in a payload. */
const loaderFile = 'systemd-boot.efi'

/**
 * Short and in capitals like the loader's own name: then both names are in the same sector of the folder, and no power cut
 * can leave the new one in the loader's place and still this one.
 */
const freshName = 'KILNNEW.EFI'

/**
 * Puts systemd-boot where firmware looks for it. The old one stays whole until the new one is in its place, and is kept.
 * @param esp where the EFI partition is mounted, writable
 * @throws AgentError boot-loader, no-space
 */
export function replaceLoader(
  host: Host,
  esp: string,
  arch: Architecture,
  { folder, card }: LoaderFiles,
): void {
  const digest = card.files.find(({ file }) => file === loaderFile)?.digest
  if (digest === undefined) throw new AgentError('boot-loader', `The payload has no ${loaderFile}.`)
  const source = `${folder}/${loaderFile}`
  const target = `${esp}/${espPaths.loaders}/${efiFallbackFile(arch)}`
  const fresh = `${esp}/${espPaths.loaders}/${freshName}`
  if (isWhole(host, target, digest)) return
  const isFirst = !exists(host, target)
  if (!isFirst) keepPrevious(host, esp, target)
  // Also the first one: firmware starts whatever has the name, and half a program may do anything.
  copyVerified(host, source, fresh, digest)
  if (isFirst) {
    host.rename(fresh, target)
    host.flush(parentOf(target))
  } else {
    swap(host, fresh, target)
  }
  if (!isWhole(host, target, digest))
    throw new AgentError('boot-loader', `${target} is not what was written.`)
}

/** A copy for a person who has to mend it by hand; one is enough. */
function keepPrevious(host: Host, esp: string, target: string): void {
  const digest = digestFromDisk(host, target)
  const name = `previous-${digest.slice('sha256:'.length, 'sha256:'.length + 8)}.efi`
  const images = `${esp}/${espPaths.images}`
  copyVerified(host, target, `${images}/${name}`, digest)
  for (const other of listIfThere(host, images)) {
    if (other.startsWith('previous-') && other !== name) removeIfThere(host, `${images}/${other}`)
  }
}

/**
 * The old file is held open until everything is on the disk. Without that, its clusters could be marked free before its name
 * leads to the new ones.
 *
 * Syncing a FAT file system writes everything, but does not tell the disk to empty its cache: only syncing a file does. Without it,
 * a power cut may keep the freed clusters and lose the new name.
 */
function swap(host: Host, fresh: string, target: string): void {
  const script = 'exec 3<"$2" && mv -f "$1" "$2" && sync -f "$2" && sync "$2"'
  const { code, stderr } = host.run(['sh', '-c', script, 'swap', fresh, target])
  if (code !== 0) throw new AgentError('boot-loader', `${target} was not replaced: ${stderr.trim()}`)
}

import type { Payload } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { exists, listIfThere } from '../host/tree.ts'
import type { BootLoader } from './boot-loader.ts'
import type { SlotSource, StageOptions } from './slots.ts'

/**
 * Boot files are on the EFI partition only. They come by way of memory: that partition is mounted only while something is
 * done to it, which is no matter of minutes, and FAT is no place for half a file.
 */
const fetched = '/run/kiln/boot-files'

/** Does something with the loader of the node; `read` where nothing is changed. */
export type LoaderAccess = <T>(access: 'read' | 'write', action: (loader: BootLoader) => T) => T

/**
 * Fetches what the loader needs of a payload and does not have whole, and puts it on the EFI partition. Can be repeated;
 * goes on with what is there, also with files that were fetched in part since the machine was started.
 * @throws what the source throws; AgentError boot-loader, no-space; HostError ENOSPC
 */
export function stageBootFiles(
  host: Host,
  source: SlotSource,
  withLoader: LoaderAccess,
  { progress }: Pick<StageOptions, 'progress'>,
): void {
  const { payload } = source.describe()
  const slot = payload.root.rootHash
  const missing = withLoader('read', (loader) => loader.lacks(slot, payload))
  if (missing.length > 0) {
    const folder = `${fetched}/${slot}`
    for (const name of listIfThere(host, fetched)) {
      if (name !== slot) host.remove(`${fetched}/${name}`, { recursive: true })
    }
    host.mkdir(folder, { recursive: true, mode: 0o700 })
    for (const { file } of missing) {
      const target = `${folder}/${file}`
      if (!exists(host, target)) source.fetch(file, target, (done, total) => progress?.(file, done, total))
    }
    withLoader('write', (loader) => loader.stage(slot, payload, folder))
  }
  forgetFetched(host)
}

/** Boot files that were fetched and are not needed any more, or not yet put in their place. */
export function forgetFetched(host: Host): void {
  if (exists(host, fetched)) host.remove(fetched, { recursive: true })
}

/**
 * What is about to be started has to be whole.
 * @throws AgentError slot-damaged, naming the file
 */
export function requireBootFiles(loader: BootLoader, slot: string, payload: Payload): void {
  const [first] = loader.lacks(slot, payload)
  if (!first) return
  const { version } = payload.image
  throw new AgentError(
    'slot-damaged',
    `COS_GRUB has no whole ${first.file} of ${version} (slot ${slot.slice(0, 12)}).`,
  )
}

import type { Host } from '../host/host.ts'
import { makeFolders, readIfThere } from '../host/tree.ts'
import { paths } from './paths.ts'

/** Where the field keeps it, on the persistent partition. */
const keptPath = '/usr/local/etc/machine-id'
const inEtc = '/etc/machine-id'
const pattern = /^[0-9a-f]{32}$/

/**
 * Gives the machine the same machine-id(5) at each boot, though /etc is made anew: before the first stage of the mounted
 * root, whose templates may ask for it.
 */
export function restoreMachineId(host: Host): void {
  const [kept, inImage] = [keptPath, inEtc].map((path) =>
    (readIfThere(host, paths.sysroot + path) ?? '').trim(),
  )
  if (inImage !== undefined && pattern.test(inImage)) return
  const isKept = kept !== undefined && pattern.test(kept)
  const id = isKept ? kept : host.readText('/proc/sys/kernel/random/uuid').trim().replaceAll('-', '')
  if (!isKept) {
    makeFolders(host, `${paths.sysroot}/usr/local/etc`, 0o755)
    host.writeAtomic(paths.sysroot + keptPath, `${id}\n`, { mode: 0o444 })
  }
  host.write(paths.sysroot + inEtc, `${id}\n`)
}

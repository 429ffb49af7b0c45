import type { Host } from '../host/host.ts'
import { listIfThere, readIfThere } from '../host/tree.ts'
import { paths } from './paths.ts'

/** Names of modules, from a text with one per line; `#` starts a comment. */
export function moduleNames(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
}

/**
 * Puts the `pre:` modules of modules.softdep before the modules that want them; busybox's modprobe does not know them.
 * Lines are `softdep NAME pre: a b post: c`.
 */
export function withSoftDependencies(names: readonly string[], softdep: string): string[] {
  const before = new Map<string, string[]>()
  for (const line of softdep.split('\n')) {
    const [, name, pre] = line.match(/^softdep\s+(\S+)\s.*?pre:\s*([^:]*?)\s*(?:post:|$)/) ?? []
    if (name && pre) before.set(canonical(name), pre.split(/\s+/))
  }
  return [...new Set(names.flatMap((name) => [...(before.get(canonical(name)) ?? []), name]))]
}

/** Loads modules by name. @returns a note for each one that could not be loaded */
export function loadModules(host: Host, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const result = host.run([paths.busybox, 'modprobe', name])
    if (result.code === 0) return []
    return [`kernel module ${name}: ${result.stderr.trim() || `modprobe ended with ${result.code}`}`]
  })
}

/**
 * Loads the drivers of the devices that are there. Every device on a bus tells its modalias; a driver that comes up may
 * make new devices appear, so the caller repeats this.
 * @param tried aliases of earlier rounds; the new ones are added
 */
export function coldplug(host: Host, tried: Set<string>): void {
  const fresh = modaliases(host).filter((alias) => !tried.has(alias))
  if (fresh.length === 0) return
  for (const alias of fresh) tried.add(alias)
  // Most aliases have no module here; that is no failure.
  host.run([paths.busybox, 'modprobe', '-a', '-q', ...fresh])
}

function modaliases(host: Host): string[] {
  const found = new Set<string>()
  for (const bus of listIfThere(host, '/sys/bus')) {
    for (const device of listIfThere(host, `/sys/bus/${bus}/devices`)) {
      const alias = readIfThere(host, `/sys/bus/${bus}/devices/${device}/modalias`)?.trim()
      if (alias) found.add(alias)
    }
  }
  return [...found]
}

/** Module names mix `-` and `_` freely. */
function canonical(name: string): string {
  return name.replaceAll('-', '_')
}

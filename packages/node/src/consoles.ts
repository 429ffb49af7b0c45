import type { Host } from './host/host.ts'
import { HostError } from './host/host.ts'
import { readIfThere } from './host/tree.ts'

/** The same host, printing on every console: standard output is only the last one of the command line. */
export function onAllConsoles(host: Host): Host {
  const print = (text: string) => printOnConsoles(host, text)
  return { ...host, print, printError: print }
}

/** Prints on every console that the kernel uses, or on standard output where none is known. */
export function printOnConsoles(host: Host, text: string): void {
  if (text === '') return
  const consoles = (readIfThere(host, '/sys/class/tty/console/active') ?? '').split(/\s+/).filter(Boolean)
  // A serial line in raw mode needs the carriage return.
  const lines = text.replaceAll('\n', '\r\n')
  const reached = consoles.filter((name) => writeQuietly(host, `/dev/${name}`, lines))
  if (reached.length === 0) host.print(text)
}

function writeQuietly(host: Host, path: string, text: string): boolean {
  try {
    // Writing would create a plain file where there is no such device.
    if (host.stat(path).type !== 'character') return false
    host.write(path, text, { append: true })
    return true
  } catch (error) {
    if (error instanceof HostError) return false
    throw error
  }
}

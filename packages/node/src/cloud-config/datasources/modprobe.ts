import { type Host, HostError } from '../../host/host.ts'

/**
 * modprobe(8), before the udev of the running system does it. A module that is built in, or that this kernel does not have,
 * is no error: what needs it says so.
 */
export function loadModules(host: Pick<Host, 'run'>, names: readonly string[]): void {
  try {
    if (names.length > 0) host.run(['modprobe', '-q', '-a', ...names])
  } catch (error) {
    if (!(error instanceof HostError)) throw error
  }
}

import { type Host, HostError } from '../../host/host.ts'

/** The text of a file of /proc or /sys without blanks around it and without the zero byte of a device tree; or nothing. */
export function slurp(host: Pick<Host, 'readText'>, path: string): string {
  try {
    return host.readText(path).replaceAll('\0', '').trim()
  } catch (error) {
    // Not there, or only for root, or the driver has no answer (EINVAL).
    if (error instanceof HostError) return ''
    throw error
  }
}

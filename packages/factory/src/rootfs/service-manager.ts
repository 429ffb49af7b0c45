export type ServiceManager = 'systemd' | 'openrc'

const systemd = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd']
const openrc = ['/usr/sbin/openrc-run', '/sbin/openrc-run']

/** What starts the services of a root. Where both are installed, systemd is: OpenRC also runs below other inits. */
export function serviceManagerOf(has: (path: string) => boolean): ServiceManager {
  return !systemd.some(has) && openrc.some(has) ? 'openrc' : 'systemd'
}

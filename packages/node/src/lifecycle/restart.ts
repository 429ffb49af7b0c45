import type { Host } from '../host/host.ts'

/** Restarts through systemd, which ends everything in order. Returns at once. */
export function restart(host: Pick<Host, 'run'>): void {
  host.run(['systemctl', '--no-block', 'reboot'])
}

/** The same, and stays off. */
export function powerOff(host: Pick<Host, 'run'>): void {
  host.run(['systemctl', '--no-block', 'poweroff'])
}

import { type Host, HostError } from '../host/host.ts'
import { exists, readIfThere } from '../host/tree.ts'
import { paths } from './paths.ts'

/**
 * The watchdog of the machine: a boot that hangs is started again, and its try counts. It runs from the first moment its
 * driver is there, and goes on running until systemd opens it (RuntimeWatchdogSec).
 */
export interface Watchdog {
  /** How long there may be no progress; 0: it is not wanted. */
  readonly seconds: number
  /** Milliseconds of uptime; undefined before it runs. */
  lastTended: number | undefined
}

/** Each closing is an entry in the kernel's log, so not at every step. */
const longestIntervalMs = 60_000

/** linux/watchdog.h: WDIOC_SETTIMEOUT. */
const setTimeoutRequest = 0xc0045706

/** The kernel's own, in software: it needs working interrupts, but no hardware. */
const softwareWatchdog = 'softdog'

const consoleLevels = '/proc/sys/kernel/printk'
/** linux/kern_levels.h: only what is worse than critical. */
const worseThanCritical = '2'

/**
 * "watchdog did not stop!" is what the kernel says, as something critical, whenever the device is closed and goes on running. That
 * is what is wanted here: it stays in the kernel's log, and off the consoles.
 */
function quietly(host: Host, action: () => void): void {
  const before = readIfThere(host, consoleLevels)?.split(/\s/)[0]
  if (before !== undefined) host.write(consoleLevels, worseThanCritical)
  try {
    action()
  } finally {
    if (before !== undefined) host.write(consoleLevels, before)
  }
}

/** Starts the watchdog, or tells it that there is progress. Called at each step and while waiting. */
export function tendWatchdog(host: Host, watchdog: Watchdog): void {
  const { seconds, lastTended } = watchdog
  if (seconds === 0) return
  const now = host.uptime()
  const intervalMs = Math.min(longestIntervalMs, (seconds * 1000) / 3)
  if (lastTended !== undefined && now - lastTended < intervalMs) return
  if (!exists(host, paths.watchdog)) return
  try {
    // Opening starts it; closing without the letter V leaves it running.
    quietly(host, () => {
      if (lastTended === undefined) host.ioctl(paths.watchdog, setTimeoutRequest, seconds)
      else host.write(paths.watchdog, '\n')
    })
  } catch (error) {
    // A driver with a fixed time is good enough, and one that is broken must stop no boot.
    if (!(error instanceof HostError)) throw error
  }
  watchdog.lastTended = now
}

/** The same machine, with each program that it starts taken as progress: a layout may make many file systems. */
export function tended(host: Host, watchdog: Watchdog): Host {
  return {
    ...host,
    run: (...call: Parameters<Host['run']>) => {
      tendWatchdog(host, watchdog)
      return host.run(...call)
    },
  }
}

/**
 * For a machine without a watchdog of its own. Only once all drivers were tried: systemd takes the first watchdog that came,
 * and that shall be the hardware's.
 */
export function replaceMissingWatchdog(host: Host, watchdog: Watchdog): void {
  if (watchdog.seconds === 0) return
  // A kernel without it goes on without.
  if (!exists(host, paths.watchdog)) host.run([paths.busybox, 'modprobe', '-q', softwareWatchdog])
  tendWatchdog(host, watchdog)
}

import { type Host, HostError } from '../host/host.ts'
import { exists, readIfThere } from '../host/tree.ts'
import { paths } from './paths.ts'

/**
 * The watchdog of the machine, where there is one: a boot that hangs is started again, and its try counts. It runs from the
 * first moment its driver is there, and goes on running until systemd opens it (RuntimeWatchdogSec).
 */
export interface Watchdog {
  readonly wanted: boolean
  /** Milliseconds of uptime; undefined before it runs. */
  lastTended: number | undefined
}

/** Longer than any single step of a healthy boot. Seconds. */
const timeoutSeconds = 180
/** Each closing is an entry in the kernel's log, so not at every step. */
const intervalMs = 60_000

/** linux/watchdog.h: WDIOC_SETTIMEOUT. */
const setTimeoutRequest = 0xc0045706

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
  if (!watchdog.wanted) return
  const now = host.uptime()
  if (watchdog.lastTended !== undefined && now - watchdog.lastTended < intervalMs) return
  if (!exists(host, paths.watchdog)) return
  try {
    // Opening starts it; closing without the letter V leaves it running.
    quietly(host, () => {
      if (watchdog.lastTended === undefined) host.ioctl(paths.watchdog, setTimeoutRequest, timeoutSeconds)
      else host.write(paths.watchdog, '\n')
    })
  } catch (error) {
    // A driver with a fixed time is good enough, and one that is broken must stop no boot.
    if (!(error instanceof HostError)) throw error
  }
  watchdog.lastTended = now
}

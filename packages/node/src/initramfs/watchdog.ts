import { type Host, HostError } from '../host/host.ts'
import { exists } from '../host/tree.ts'
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
/** The kernel complains at each closing, so not at every step. */
const intervalMs = 60_000

/** linux/watchdog.h: WDIOC_SETTIMEOUT. */
const setTimeoutRequest = 0xc0045706

/** Starts the watchdog, or tells it that there is progress. Called at each step and while waiting. */
export function tendWatchdog(host: Host, watchdog: Watchdog): void {
  if (!watchdog.wanted) return
  const now = host.uptime()
  if (watchdog.lastTended !== undefined && now - watchdog.lastTended < intervalMs) return
  if (!exists(host, paths.watchdog)) return
  try {
    // Opening starts it; closing without the letter V leaves it running.
    if (watchdog.lastTended === undefined) host.ioctl(paths.watchdog, setTimeoutRequest, timeoutSeconds)
    else host.write(paths.watchdog, '\n')
  } catch (error) {
    // A driver with a fixed time is good enough, and one that is broken must stop no boot.
    if (!(error instanceof HostError)) throw error
  }
  watchdog.lastTended = now
}

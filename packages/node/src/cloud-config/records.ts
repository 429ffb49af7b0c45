import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

/** What became of one step. */
export interface StepRecord {
  readonly stage: string
  /** The file that asked for it. */
  readonly source: string
  readonly step: string
  readonly ms: number
  readonly ok: boolean
  /** Its condition was not met. */
  readonly skipped?: true
  readonly errors: readonly string[]
}

export const stageRecordsPath = '/run/kiln/stages.json'

const lockPollMs = 20
const lockTries = 250

/** Adds to the record of this boot. Stages may run side by side, hence the lock. */
export function recordSteps(host: Host, root: string, records: readonly StepRecord[]): void {
  const path = `${root}${stageRecordsPath}`
  host.mkdir(`${root}/run/kiln`, { recursive: true })
  const lock = takeLock(host, `${path}.lock`)
  try {
    const before = readIfThere(host, path)
    const known = before === undefined ? [] : (JSON.parse(before) as { steps: StepRecord[] }).steps
    const all = { schema: 'kiln.stages/v1', steps: [...known, ...records] }
    host.writeAtomic(path, `${JSON.stringify(all, undefined, 2)}\n`)
  } finally {
    lock?.release()
  }
}

/** After five seconds without it: a lost record is better than a boot that hangs. */
function takeLock(host: Host, path: string) {
  for (let attempt = 0; attempt < lockTries; attempt++) {
    const lock = host.lock(path)
    if (lock) return lock
    host.sleep(lockPollMs)
  }
  return undefined
}

import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

/** What became of one step. */
export interface StepRecord {
  readonly stage: string
  /** The file that asked for it, and the line in it. */
  readonly source: string
  readonly line?: number
  readonly step: string
  /** Milliseconds from the start of the kernel to the start of the step. */
  readonly at: number
  /** How long it took. */
  readonly ms: number
  readonly status: StepStatus
  /** Why it was skipped, or what it is doing. */
  readonly why?: string
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  /** The boot is not to count as good because of it. */
  readonly unhealthy?: true
}
export type StepStatus = 'ok' | 'failed' | 'skipped' | 'running'

/** One JSON text a line, so that stages that run side by side, or are broken off, leave what they did. */
export const stageRecordsPath = '/run/kiln/stages.jsonl'

/** Adds to the record of this boot. */
export function recordStep(host: Host, root: string, record: StepRecord): void {
  host.mkdir(`${root}/run/kiln`, { recursive: true })
  host.write(`${root}${stageRecordsPath}`, `${JSON.stringify(record)}\n`, { append: true })
}

/** What the stages of this boot did, in order. Of a step that lasts there is only the last word. */
export function readRecords(host: Host): StepRecord[] {
  const lines = (readIfThere(host, stageRecordsPath) ?? '').split('\n')
  const records = new Map<string, StepRecord>()
  for (const line of lines) {
    const record = parseRecord(line)
    if (!record) continue
    const key = JSON.stringify([record.stage, record.source, record.step, record.at])
    records.delete(key)
    records.set(key, record)
  }
  return [...records.values()]
}

/** A line that a power cut left half is none. */
function parseRecord(line: string): StepRecord | undefined {
  try {
    return JSON.parse(line) as StepRecord
  } catch {
    return undefined
  }
}

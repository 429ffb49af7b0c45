import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Emit, KilnEvent } from '@kiln/factory/events'
import { redactData } from '@kiln/factory/run/redact'

/** A step that failed, with the last lines that its programs wrote. One JSON file each, below `logs/` of the cache. */
export interface Failure {
  readonly schema: 'kiln.failure/v1'
  readonly step: string
  readonly title: string
  readonly code: string
  /** ISO 8601 in UTC. */
  readonly time: string
  readonly ms: number
  readonly lines: readonly string[]
}

const keptFailures = 20
const keptLines = 400

/** Passes events on, and notes each failed step. A failure that cannot be noted is no failure of the build. */
export function recordFailures(cache: string, emit: Emit): Emit {
  const lines = new Map<string, string[]>()
  return (event) => {
    emit(event)
    if (event.event === 'step-output') remember(lines, event.step, event.line)
    if (event.event === 'step-finished') lines.delete(event.step)
    if (event.event === 'step-failed') noteFailure(cache, event, lines.get(event.step) ?? [])
  }
}

function remember(lines: Map<string, string[]>, step: string, line: string): void {
  const kept = lines.get(step) ?? []
  kept.push(line)
  if (kept.length > keptLines) kept.shift()
  lines.set(step, kept)
}

function noteFailure(
  cache: string,
  { step, title, code, ms }: Extract<KilnEvent, { event: 'step-failed' }>,
  lines: readonly string[],
): void {
  // An interrupt fails every step that ran, and says nothing about any.
  if (code === 'E-INTERRUPTED') return
  const time = new Date().toISOString()
  const failure: Failure = { schema: 'kiln.failure/v1', step, title, code, time, ms, lines }
  const folder = join(cache, 'logs')
  try {
    mkdirSync(folder, { recursive: true })
    const name = `${time.replaceAll(':', '')}-${step.replaceAll(/[^a-zA-Z0-9.-]+/g, '_')}.json`
    writeFileSync(join(folder, name), `${JSON.stringify(redactData(failure), undefined, 2)}\n`)
    for (const old of readdirSync(folder).sort().slice(0, -keptFailures)) rmSync(join(folder, old))
  } catch {}
}

/** The failures that are kept, the latest first. What cannot be read is left out. */
export function lastFailures(cache: string): Failure[] {
  const folder = join(cache, 'logs')
  let names: string[]
  try {
    names = readdirSync(folder).sort().reverse()
  } catch {
    return []
  }
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as Failure]
    } catch {
      return []
    }
  })
}

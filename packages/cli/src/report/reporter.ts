import type { Emit, KilnEvent } from '@kiln/factory/events'
import { streamSchema } from '@kiln/factory/stream-lines'
import { emptyRun, foldEvent, type RunView } from './fold.ts'
import { fit } from './format.ts'
import { plainLines, summaryLine } from './plain.ts'
import { type Paint, treeLines } from './tree.ts'

export const progressModes = ['auto', 'tty', 'plain', 'json', 'none'] as const
export type ProgressMode = (typeof progressModes)[number]

export interface Reporter {
  readonly emit: Emit
  /** Leaves the screen as the last event made it. Nothing is drawn afterwards. */
  finish(): void
}

export interface Screen {
  write(text: string): void
  size(): { readonly columns: number; readonly rows: number }
  readonly paint: Paint
}

export function createReporter(mode: Exclude<ProgressMode, 'auto'>, screen: Screen): Reporter {
  if (mode === 'tty') return treeReporter(screen)
  if (mode === 'plain') return plainReporter(screen)
  if (mode === 'json') return { emit: lineWriter(screen.write), finish() {} }
  return { emit() {}, finish() {} }
}

/**
 * Writes newline-delimited JSON: events, and last a result or an error. `seq` counts from 1, `time` is ISO 8601 in UTC.
 * The form of each line: schemas/events.schema.json.
 */
export function lineWriter(write: (text: string) => void): (line: object) => void {
  let seq = 0
  return (line) => {
    seq += 1
    write(`${JSON.stringify({ schema: streamSchema, seq, time: new Date().toISOString(), ...line })}\n`)
  }
}

function plainReporter(screen: Screen): Reporter {
  let run: RunView = emptyRun
  return {
    emit(event) {
      for (const line of plainLines(run, event)) screen.write(`${line}\n`)
      run = foldEvent(run, event, performance.now())
    },
    finish() {},
  }
}

const redrawMs = 100

function treeReporter(screen: Screen): Reporter {
  let run: RunView = emptyRun
  let drawn = 0
  const draw = (above = '') => {
    const { columns, rows } = screen.size()
    const lines = treeLines(run, { now: performance.now(), columns, rows, paint: screen.paint })
    const erase = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`
    screen.write(erase + above + lines.map((line) => `${line}\n`).join(''))
    drawn = lines.length
  }
  const timer = setInterval(draw, redrawMs)
  timer.unref()
  return {
    emit(event) {
      run = foldEvent(run, event, performance.now())
      if (!isFrequent(event)) draw(lineAbove(event, screen))
    },
    finish() {
      clearInterval(timer)
      if (run.steps.length > 0) draw()
      drawn = 0
      if (run.summary) screen.write(`${summaryLine(run.summary)}\n`)
    },
  }
}

/** These come by the hundred in a second; the timer draws them. */
function isFrequent(event: KilnEvent): boolean {
  return event.event === 'step-progress' || event.event === 'step-output'
}

/** Notices stay on the screen, above the live part. */
function lineAbove(event: KilnEvent, screen: Screen): string {
  if (event.event === 'listening' || event.event === 'request' || event.event === 'machine') {
    return `${fit(plainLines(emptyRun, event)[0] ?? '', screen.size().columns)}\n`
  }
  if (event.event !== 'notice') return ''
  const style = event.level === 'warning' ? 'yellow' : 'dim'
  return `${screen.paint(style, fit(`${event.level}: ${event.message}`, screen.size().columns))}\n`
}

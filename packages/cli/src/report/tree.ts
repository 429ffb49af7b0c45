import type { RunView, StepView } from './fold.ts'
import { fit, formatDuration, formatProgress } from './format.ts'
import { count } from './plain.ts'

export interface TreeOptions {
  readonly now: number
  readonly columns: number
  readonly rows: number
  /** Wraps a text in the codes of a style, or hands it back where there are no colours. */
  readonly paint: Paint
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'cyan' | 'yellow'
export type Paint = (style: Style, text: string) => string

/**
 * The picture of a run: finished steps one line each, those from the store counted in one line, running ones with their
 * time and what they say. No line is wider than the terminal, and there are fewer lines than it has rows.
 */
export function treeLines(run: RunView, options: TreeOptions): string[] {
  const reused = run.steps.filter(({ status }) => status === 'reused').length
  const waiting = run.steps.filter(({ status }) => status === 'waiting').length
  const finished = run.steps.filter(({ status }) => status === 'built' || status === 'failed')
  const running = run.steps.filter(({ status }) => status === 'running')
  const head =
    reused === 0 ? [] : [options.paint('dim', fit(`= reused ${count(reused, 'step')}`, options.columns))]
  const live = running.flatMap((step) => runningLines(step, options))
  const tail =
    waiting === 0 ? [] : [options.paint('dim', fit(`  waiting ${count(waiting, 'step')}`, options.columns))]
  const room = Math.max(1, options.rows - 1 - head.length - live.length - tail.length)
  const done = finished.slice(-room).map((step) => finishedLine(step, options))
  return [...head, ...done, ...live, ...tail].slice(0, Math.max(1, options.rows - 1))
}

function finishedLine(step: StepView, { columns, paint }: TreeOptions): string {
  const failed = step.status === 'failed'
  const note = [step.code, formatDuration(step.ms ?? 0)].filter((part) => part !== undefined).join(', ')
  return titled(failed ? 'x' : '+', failed ? 'red' : 'green', step.title, note, { columns, paint })
}

function runningLines(step: StepView, options: TreeOptions): string[] {
  const elapsed = formatDuration(wholeSeconds(options.now - (step.startedAt ?? options.now)))
  const note = step.progress ? `${formatProgress(step.progress)}, ${elapsed}` : elapsed
  const title = titled('>', 'cyan', step.title, note, options)
  if (!step.lastLine?.trim()) return [title]
  return [title, options.paint('dim', fit(`  └─ ${step.lastLine.trim()}`, options.columns))]
}

/** A clock that shows tenths only flickers. */
function wholeSeconds(ms: number): number {
  return ms < 10_000 ? Math.floor(ms / 100) * 100 : Math.floor(ms / 1000) * 1000
}

function titled(
  mark: string,
  style: Style,
  title: string,
  note: string,
  { columns, paint }: Pick<TreeOptions, 'columns' | 'paint'>,
): string {
  const line = fit(`${mark} ${title}  ${note}`, columns)
  const shown = fit(`${mark} ${title}`, columns)
  if (!line.startsWith(shown)) return paint(style, line)
  return `${paint(style, shown.slice(0, 1))}${shown.slice(1)}${paint('dim', line.slice(shown.length))}`
}

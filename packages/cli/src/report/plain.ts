import type { KilnEvent } from '@kiln/factory/events'
import { type RunView, stepOf } from './fold.ts'
import { formatBytes, formatDuration, formatProgress, plainText } from './format.ts'

/**
 * The lines that an event gives where there is no terminal: one, or none.
 * @param before the run as it was before the event
 */
export function plainLines(before: RunView, event: KilnEvent): string[] {
  switch (event.event) {
    case 'plan':
      return [`plan     ${count(event.steps.length, 'step')}`]
    case 'step-started':
      return [`start    ${plainText(event.title)}`]
    case 'step-progress':
      return progressLines(before, event)
    // What a program says is in the error if it fails, and in the JSON events; a log of thousands of lines helps nobody.
    case 'step-output':
      return []
    case 'step-finished':
      return event.outcome === 'reused'
        ? [`reused   ${plainText(event.title)}`]
        : [`built    ${plainText(event.title)} (${formatDuration(event.ms)})`]
    case 'step-failed':
      return [`failed   ${plainText(event.title)}: ${event.code} (${formatDuration(event.ms)})`]
    case 'notice':
      return [`${event.level.padEnd(8)} ${plainText(event.message)}`]
    case 'listening':
      return [`listens  ${plainText(event.url)}`]
    case 'machine':
      return [`machine  ${plainText(`${event.machine}: ${event.phase}`)} (${event.from})`]
    case 'request':
      return [requestLine(event)]
    case 'summary':
      return [summaryLine(event)]
  }
}

/** `asked    10.0.0.7 GET /v2/ 200 (3 ms)` */
export function requestLine(event: Extract<KilnEvent, { event: 'request' }>): string {
  const { from, method, path, status, ms } = event
  return `asked    ${from} ${plainText(`${method} ${path}`)} ${status} (${formatDuration(ms)})`
}

/** `built 3, reused 41, downloaded 12.4 MiB, 38.0 s` */
export function summaryLine(summary: {
  readonly built: number
  readonly reused: number
  readonly downloaded?: number
  readonly ms: number
}): string {
  const { built, reused, downloaded, ms } = summary
  const loaded = downloaded === undefined ? [] : [`downloaded ${formatBytes(downloaded)}`]
  return [`built ${built}`, `reused ${reused}`, ...loaded, formatDuration(ms)].join(', ')
}

/** A log wants to see that it goes on, not each per cent: a line at every tenth of the whole. */
function progressLines(before: RunView, event: Extract<KilnEvent, { event: 'step-progress' }>): string[] {
  const last = stepOf(before, event.step)?.progress
  if (tenths(event) <= (last ? tenths(last) : 0)) return []
  return [`progress ${titleOf(before, event.step)}: ${formatProgress(event)}`]
}

function tenths(progress: { readonly done: number; readonly total?: number; readonly unit: string }): number {
  const total = progress.unit === 'percent' ? 100 : progress.total
  return total === undefined || total <= 0 ? 0 : Math.floor((10 * progress.done) / total)
}

function titleOf(run: RunView, step: string): string {
  return plainText(stepOf(run, step)?.title ?? step)
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}

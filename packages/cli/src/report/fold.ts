import type { KilnEvent } from '@kiln/factory/events'

type Progress = Omit<Extract<KilnEvent, { event: 'step-progress' }>, 'event' | 'step'>
type Summary = Omit<Extract<KilnEvent, { event: 'summary' }>, 'event'>

export interface StepView {
  readonly step: string
  readonly title: string
  readonly status: 'waiting' | 'running' | 'built' | 'reused' | 'failed'
  /** Milliseconds of the reporter's clock. */
  readonly startedAt?: number
  readonly ms?: number
  readonly progress?: Progress
  readonly lastLine?: string
  readonly code?: string
}

/** What can be seen of a run so far. Every reporter that has a memory keeps this, and nothing else. */
export interface RunView {
  /** In the order in which they were heard of. */
  readonly steps: readonly StepView[]
  readonly summary?: Summary
}

export const emptyRun: RunView = { steps: [] }

/** The run after one more event. */
export function foldEvent(run: RunView, event: KilnEvent, now: number): RunView {
  switch (event.event) {
    case 'plan':
      return event.steps.reduce(
        (view, { step, title }) => changeStep(view, step, { title, status: 'waiting' }),
        run,
      )
    case 'step-started':
      return changeStep(run, event.step, { title: event.title, status: 'running', startedAt: now })
    case 'step-progress': {
      const { event: _event, step, ...progress } = event
      return changeStep(run, step, { progress })
    }
    case 'step-output':
      return changeStep(run, event.step, { lastLine: event.line })
    case 'step-finished':
      return changeStep(run, event.step, { title: event.title, status: event.outcome, ms: event.ms })
    case 'step-failed':
      return changeStep(run, event.step, {
        title: event.title,
        status: 'failed',
        ms: event.ms,
        code: event.code,
      })
    case 'summary': {
      const { event: _event, ...summary } = event
      return { ...run, summary }
    }
    case 'notice':
    case 'listening':
    case 'request':
    case 'machine':
      return run
  }
}

export function stepOf(run: RunView, step: string): StepView | undefined {
  return run.steps.find((candidate) => candidate.step === step)
}

function changeStep(run: RunView, step: string, change: Partial<StepView>): RunView {
  const known = stepOf(run, step)
  if (!known) return { ...run, steps: [...run.steps, { step, title: step, status: 'running', ...change }] }
  const steps = run.steps.map((candidate) => (candidate === known ? { ...known, ...change } : candidate))
  return { ...run, steps }
}

import { sizeText } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import type { InstallStep } from './step.ts'
import { stepText } from './step.ts'

/** Tells what an installation does. */
export interface Reporter {
  start(what: { readonly device: string; readonly image: string; readonly steps: number }): void
  /** @param index from 0 */
  step(index: number, step: InstallStep): void
  /** Of a file that is being brought. */
  bytes(file: string, done: number, total: number): void
  warn(text: string): void
  done(seconds: number): void
  fail(failure: {
    readonly reason: string
    readonly message: string
    readonly advice: string | undefined
  }): void
}

/** Sentences for people. */
export function textReporter(host: Pick<Host, 'print' | 'printError'>): Reporter {
  let steps = 0
  let shown = { file: '', tenth: -1 }
  return {
    start({ device, image, steps: count }) {
      steps = count
      host.print(`kiln: installing ${image} to ${device}\n`)
    },
    step: (index, step) => host.print(`kiln: [${index + 1}/${steps}] ${stepText(step)}\n`),
    bytes(file, done, total) {
      const tenth = total === 0 ? 10 : Math.floor((done / total) * 10)
      if (shown.file === file && shown.tenth >= tenth) return
      const isFirst = shown.file !== file
      shown = { file, tenth }
      // Small files come at once; the tenths are for those that people wait for.
      if (isFirst || total > 64 * 1024 * 1024) {
        host.print(`kiln:   ${file}: ${tenth * 10} % of ${sizeText(total)}\n`)
      }
    },
    warn: (text) => host.printError(`kiln: note: ${text}\n`),
    done: (seconds) => host.print(`kiln: installed in ${seconds.toFixed(1)} s\n`),
    fail: ({ message, advice }) =>
      host.printError(`kiln: installation failed: ${message}\n${advice === undefined ? '' : `${advice}\n`}`),
  }
}

/** JSON lines: `--progress json`. Documented in docs/install.md. */
export function jsonReporter(host: Pick<Host, 'print' | 'now'>): Reporter {
  const line = (event: string, facts: object) =>
    host.print(`${JSON.stringify({ event, at: new Date(host.now()).toISOString(), ...facts })}\n`)
  return {
    start: (what) => line('start', { schema: 'kiln.install-progress/v1', ...what }),
    step: (index, step) =>
      line('step', { number: index + 1, step: step.kind, phase: fieldPhase(step), text: stepText(step) }),
    bytes: (file, done, total) => line('bytes', { file, done, total }),
    warn: (text) => line('warning', { text }),
    done: (seconds) => line('done', { seconds: Math.round(seconds * 10) / 10 }),
    fail: (failure) => line('error', failure),
  }
}

/**
 * The field's protocol, which programs that draw an installer read: `{"event":"step","step":S}` and
 * `{"event":"error","message":M}`, nothing else on the standard output.
 */
export function fieldReporter(host: Pick<Host, 'print' | 'printError'>): Reporter {
  let shown: string | undefined
  const line = (facts: object) => host.print(`${JSON.stringify(facts)}\n`)
  return {
    start: () => {},
    step(_index, step) {
      const phase = fieldPhase(step)
      if (phase === undefined || phase === shown) return
      shown = phase
      line({ event: 'step', step: phase })
    },
    bytes: () => {},
    warn: (text) => host.printError(`kiln: note: ${text}\n`),
    done: () => line({ event: 'step', step: 'done' }),
    fail: ({ message }) => line({ event: 'error', message }),
  }
}

/** What the field calls the part of an installation that a step belongs to. */
function fieldPhase(step: InstallStep): string | undefined {
  switch (step.kind) {
    case 'partition':
    case 'adopt':
      return 'partition'
    case 'hook':
      return step.stage.endsWith('-install') ? step.stage : undefined
    case 'slot':
      return 'active'
    case 'bootFiles':
    case 'loader':
      return 'bootloader'
    case 'recovery':
      return 'recovery'
    default:
      return undefined
  }
}

import { sizeText } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { stepText, type UpgradeStep } from './step.ts'

/** Tells what an upgrade does. */
export interface Reporter {
  start(what: { readonly reference: string; readonly from: string | undefined; readonly to: string }): void
  /** @param index from 0 */
  step(index: number, count: number, step: UpgradeStep): void
  /** Of a file that is being fetched. */
  bytes(file: string, done: number, total: number): void
  warn(text: string): void
}

/** So large that people wait for it. */
const largeBytes = 16 * 1024 * 1024

/** Sentences for people. */
export function textReporter(host: Pick<Host, 'print' | 'printError'>): Reporter {
  let shown = ''
  return {
    start: ({ reference, from, to }) =>
      host.print(`kiln: upgrade ${from ?? 'unknown'} → ${to} from ${reference}\n`),
    step: (index, count, step) => host.print(`kiln: [${index + 1}/${count}] ${stepText(step)}\n`),
    bytes(file, done, total) {
      const tenth = total === 0 ? 10 : Math.floor((done / total) * 10)
      const line = `kiln:   ${file}: ${tenth * 10} % of ${sizeText(total)}\n`
      if (total < largeBytes || line === shown) return
      shown = line
      host.print(line)
    },
    warn: (text) => host.printError(`kiln: note: ${text}\n`),
  }
}

/** JSON lines: `--progress json`. Documented in docs/upgrade.md. */
export function jsonReporter(host: Pick<Host, 'print' | 'now'>): Reporter {
  const line = (event: string, facts: object) =>
    host.print(`${JSON.stringify({ event, at: new Date(host.now()).toISOString(), ...facts })}\n`)
  return {
    start: (what) => line('start', { schema: 'kiln.upgrade-progress/v1', ...what }),
    step: (index, count, step) =>
      line('step', { number: index + 1, of: count, step: step.kind, text: stepText(step) }),
    bytes: (file, done, total) => line('bytes', { file, done, total }),
    warn: (text) => line('warning', { text }),
  }
}

export const silentReporter: Reporter = { start() {}, step() {}, bytes() {}, warn() {} }

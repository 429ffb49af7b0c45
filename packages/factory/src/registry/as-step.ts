import { isKilnError } from '@kiln/contract'
import type { Emit } from '../events.ts'
import { stepOutput } from '../step-output.ts'

/** Shows an action as a step, though it is none of a plan: it has no result to keep. */
export async function asStep<T>(
  emit: Emit,
  step: string,
  title: string,
  action: (line: (text: string) => void) => Promise<T>,
): Promise<T> {
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  emit({ event: 'step-started', step, title })
  try {
    const result = await action((line) => emit(stepOutput(step, line)))
    emit({ event: 'step-finished', step, title, outcome: 'built', ms: elapsed() })
    return result
  } catch (error) {
    const code = isKilnError(error) ? error.code : 'E-BUG'
    emit({ event: 'step-failed', step, title, code, ms: elapsed() })
    throw error
  }
}

import type { KilnEvent } from './events.ts'
import { redactText } from './run/redact.ts'

/** A line of a program as an event. All of them pass here: what a program prints may hold a password. */
export function stepOutput(step: string, line: string): KilnEvent {
  return { event: 'step-output', step, line: redactText(line) }
}

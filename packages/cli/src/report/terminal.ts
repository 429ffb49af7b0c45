import { styleText } from 'node:util'
import type { ProgressMode } from './reporter.ts'
import type { Paint } from './tree.ts'

/** What of the surroundings decides how a program shows itself. */
export interface Surroundings {
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A live tree only where somebody watches who can see it redrawn. */
export function chosenProgress(
  mode: ProgressMode,
  { isTerminal, env }: Surroundings,
): Exclude<ProgressMode, 'auto'> {
  if (mode !== 'auto') return mode
  const live = isTerminal && !isSet(env.CI) && env.TERM !== 'dumb'
  return live ? 'tty' : 'plain'
}

/** NO_COLOR counts where it is not empty, whatever it says: https://no-color.org */
export function wantsColour({ isTerminal, env }: Surroundings): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
}

export function painter(colours: boolean): Paint {
  if (!colours) return (_style, text) => text
  return (style, text) => styleText(style, text, { validateStream: false })
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value)
}

import type { EventEmitter } from 'node:events'
import { KilnError } from '@kiln/contract'
import { lineWriter } from './report/reporter.ts'
import { reportError, type Session } from './session.ts'

/** What is used of `process`. */
export type Ending = Pick<EventEmitter, 'on'> & { exit(code: number): void }

/** What Node.js ends with where the program waits for something that can no longer happen. */
const unsettled = 13

/**
 * Sees to it that the program never ends without a word: an error that nobody waited for, and an end in the middle of the work,
 * are told as defects, to people and to programs.
 */
export function sayLastWords(ending: Ending, session: Session, json: boolean): void {
  const line = json ? lineWriter((text) => session.stdout.write(text)) : undefined
  ending.on('uncaughtException', (error: unknown) => ending.exit(reportError(session, error, line)))
  ending.on('exit', (code: number) => {
    if (code !== unsettled) return
    const error = new KilnError('E-BUG', 'the program ended in the middle of its work', {
      hint: 'the same command goes on from there. This is a defect in Kiln; please report it with what kiln support-bundle writes',
    })
    ending.exit(reportError(session, error, line))
  })
}

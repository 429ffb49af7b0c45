import { text } from 'node:stream/consumers'
import { KilnError } from '@kiln/contract'
import type { Session } from '../../session.ts'

/** What was named; where nothing was, the words of standard input. @throws KilnError E-USAGE */
export async function readWords(
  named: readonly string[],
  stdin: Session['stdin'],
): Promise<readonly string[]> {
  if (named.length > 0) return named
  if (stdin.isTTY) {
    throw new KilnError('E-USAGE', 'no name is given', {
      hint: 'name some, or hand them over on standard input, one on each line',
    })
  }
  return (await text(stdin)).split(/\s+/).filter((word) => word !== '')
}

import { readFileSync } from 'node:fs'
import { KilnError } from '@kiln/contract'
import { passwordHint } from './tools.ts'

/**
 * The password of private keys: the first line of a file, or what a variable of the environment holds.
 * @throws KilnError E-KEYS-PASSWORD where the file cannot be read, or says nothing
 */
export function readKeysPassword(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = file ?? env.KILN_KEYS_PASSWORD_FILE
  if (path === undefined) return env.KILN_KEYS_PASSWORD || undefined
  const [line = ''] = readText(path).split(/\r?\n/)
  if (line !== '') return line
  throw new KilnError('E-KEYS-PASSWORD', `${path} holds no password`, {
    place: { file: path },
    hint: passwordHint,
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `the password cannot be read: ${(cause as Error).message}`
    throw new KilnError('E-KEYS-PASSWORD', message, { place: { file }, cause, hint: passwordHint })
  }
}

import type { LoadedDefinition } from '@kiln/factory'
import type { Session } from './session.ts'

/** What opens the keys of a definition that signs. It goes from the environment to the signing step, and nowhere else. */
export async function keysPassword(
  { secureBoot }: LoadedDefinition,
  { env }: Session,
): Promise<{ readonly keysPassword?: string }> {
  if (!secureBoot) return {}
  const { readKeysPassword } = await import('@kiln/factory/secure-boot/password')
  const password = readKeysPassword(undefined, env)
  return password === undefined ? {} : { keysPassword: password }
}

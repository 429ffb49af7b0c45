import type { NamedUser, Operation } from '../operations/operation.ts'
import { planKeys } from './authorized-keys.ts'

/** The user first, then each of the keys: one that cannot be fetched must not keep the user away. */
export function planUsers(users: readonly NamedUser[]): Operation[] {
  return users.flatMap(({ ssh_authorized_keys: keys = [], ...user }) => [
    { kind: 'user', user },
    ...planKeys({ [user.name]: keys }),
  ])
}

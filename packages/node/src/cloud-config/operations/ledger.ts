import * as z from 'zod/mini'
import { parentOf } from '../../host/durable.ts'
import { readIfThere } from '../../host/tree.ts'
import { type AccountFiles, findAccount, type KnownIds, newGroups } from '../accounts.ts'
import type { Actor } from './actor.ts'

/**
 * Which ids users and groups got, on the partition that has their homes: /etc is made anew at each boot, and a user that
 * comes or goes must not move the ids of the others.
 */
export const ledgerPath = '/usr/local/.kiln/accounts.json'

const Ids = z.record(z.string(), z.int().check(z.minimum(0)))
const Ledger = z.strictObject({ schema: z.literal('kiln.accounts/v1'), users: Ids, groups: Ids })

/** A ledger that cannot be read is started anew: a user with another id is better than no user. */
export function readLedger({ host, root, warn }: Actor): KnownIds {
  const text = readIfThere(host, root + ledgerPath)
  if (text === undefined) return { users: {}, groups: {} }
  try {
    return z.parse(Ledger, JSON.parse(text))
  } catch {
    warn(`${ledgerPath} cannot be read and is written anew`)
    return { users: {}, groups: {} }
  }
}

export interface AccountChange {
  readonly before: AccountFiles
  readonly after: AccountFiles
  /** The user that it is about. */
  readonly name: string
}

/** Notes the ids of a user, and of the groups that were made for it. */
export function writeLedger(
  known: KnownIds,
  { before, after, name }: AccountChange,
  { host, root }: Actor,
): void {
  const account = findAccount(after.passwd, name)
  const users = account ? { ...known.users, [name]: account.uid } : known.users
  const groups = { ...known.groups, ...newGroups(before.group, after.group) }
  if (same(users, known.users) && same(groups, known.groups)) return
  const path = root + ledgerPath
  host.mkdir(parentOf(path), { recursive: true, mode: 0o700 })
  const ledger = { schema: 'kiln.accounts/v1', users, groups }
  host.writeAtomic(path, `${JSON.stringify(ledger, undefined, 2)}\n`, { mode: 0o600 })
}

function same(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => a[key] === b[key])
}

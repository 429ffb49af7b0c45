import { readIfThere } from '../../host/tree.ts'
import { findAccount, groupId } from '../accounts.ts'
import { type Actor, OperationError } from './actor.ts'
import type { Ownership } from './operation.ts'

export interface Ids {
  readonly uid: number
  readonly gid: number
}

/** The ids that a file or folder is to have, or undefined where none are asked for. @throws OperationError on unknown names */
export function ownerIds(config: Ownership, actor: Actor): Ids | undefined {
  const [userText, groupText] = (config.ownerstring ?? '').split(':')
  const owner = config.owner ?? (userText || undefined)
  const group = config.group ?? (groupText || undefined)
  if (owner === undefined && group === undefined) return undefined
  const user = userIds(owner, actor)
  return { uid: user.uid, gid: group === undefined ? user.gid : groupIdOf(group, actor) }
}

function userIds(owner: string | number | undefined, { host, root }: Actor) {
  const number = asId(owner ?? 0)
  if (number !== undefined) return { uid: number, gid: 0 }
  const account = findAccount(readIfThere(host, `${root}/etc/passwd`) ?? '', String(owner))
  if (!account) throw new OperationError(`there is no user ${owner}`)
  return account
}

function groupIdOf(group: string | number, { host, root }: Actor): number {
  const id = asId(group) ?? groupId(readIfThere(host, `${root}/etc/group`) ?? '', String(group))
  if (id === undefined) throw new OperationError(`there is no group ${group}`)
  return id
}

function asId(value: string | number): number | undefined {
  return /^\d+$/.test(String(value)) ? Number(value) : undefined
}

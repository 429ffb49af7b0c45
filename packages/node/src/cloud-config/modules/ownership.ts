import { readIfThere } from '../../host/tree.ts'
import { findAccount, groupId } from '../accounts.ts'
import { type ModuleContext, ModuleError } from './context.ts'

interface OwnerConfig {
  readonly owner?: string | number | undefined
  readonly group?: string | number | undefined
  /** `user:group` or `user` */
  readonly ownerstring?: string | undefined
}

export interface Ids {
  readonly uid: number
  readonly gid: number
}

/** The ids that a file or folder is to have, or undefined where none are asked for. @throws ModuleError on unknown names */
export function ownerIds(config: OwnerConfig, context: ModuleContext): Ids | undefined {
  const [userText, groupText] = (config.ownerstring ?? '').split(':')
  const owner = config.owner ?? (userText || undefined)
  const group = config.group ?? (groupText || undefined)
  if (owner === undefined && group === undefined) return undefined
  const user = userIds(owner, context)
  return { uid: user.uid, gid: group === undefined ? user.gid : groupIdOf(group, context) }
}

function userIds(owner: string | number | undefined, { host, root }: ModuleContext) {
  const number = asId(owner ?? 0)
  if (number !== undefined) return { uid: number, gid: 0 }
  const account = findAccount(readIfThere(host, `${root}/etc/passwd`) ?? '', String(owner))
  if (!account) throw new ModuleError([`there is no user ${owner}`])
  return account
}

function groupIdOf(group: string | number, { host, root }: ModuleContext): number {
  const id = asId(group) ?? groupId(readIfThere(host, `${root}/etc/group`) ?? '', String(group))
  if (id === undefined) throw new ModuleError([`there is no group ${group}`])
  return id
}

function asId(value: string | number): number | undefined {
  return /^\d+$/.test(String(value)) ? Number(value) : undefined
}

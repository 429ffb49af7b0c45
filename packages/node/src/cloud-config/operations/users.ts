import { looksLikeHash } from '@kiln/contract/cloud-config/password'
import { HostError } from '../../host/host.ts'
import { chownTree, exists, readIfThere, statIfThere } from '../../host/tree.ts'
import {
  type Account,
  type AccountFiles,
  type AccountRequest,
  accountOfUid,
  findAccount,
  ensureUser as withUser,
} from '../accounts.ts'
import { type Actor, OperationError, runOrFail } from './actor.ts'
import { readLedger, writeLedger } from './ledger.ts'
import type { NamedUser, OperationOf } from './operation.ts'

const skeleton = '/etc/skel'

/** Creates a user or brings one up to date, with a home. Ids stay the same from boot to boot, by the ledger. */
export function ensureUser({ user }: OperationOf<'user'>, actor: Actor): void {
  const before = readAccounts(actor)
  const isNew = findAccount(before.passwd, user.name) === undefined
  const { hash, problem } = hashOf(user, actor)
  const ledger = readLedger(actor)
  const after = withUser(before, requestOf(user, hash, actor), ledger)
  writeAccounts(before, after, actor)
  const account = findAccount(after.passwd, user.name)
  if (!account) throw new OperationError(`user ${user.name} was not created`)
  writeLedger(ledger, { before, after, name: user.name }, actor)
  if (isNew && !user.no_create_home) makeHome(account, after.passwd, actor)
  // The keys may still let the user in.
  if (problem !== undefined) throw new OperationError(problem)
}

/** A password in plain text is hashed here, so that it works; who reads the configuration can read it. */
function hashOf(
  { name, passwd }: NamedUser,
  actor: Actor,
): { readonly hash?: string; readonly problem?: string } {
  if (passwd === undefined || passwd === '') return {}
  if (looksLikeHash(passwd)) return { hash: passwd }
  actor.warn(`user ${name}: passwd is in plain text; write a hash instead, made with: openssl passwd -6`)
  const problem = `user ${name}: passwd is in plain text and cannot be hashed here, so there is no password`
  try {
    const hash = runOrFail(actor, ['openssl', 'passwd', '-6', '-stdin'], { input: `${passwd}\n` }).trim()
    return looksLikeHash(hash) ? { hash } : { problem }
  } catch (error) {
    if (!(error instanceof OperationError || error instanceof HostError)) throw error
    return { problem }
  }
}

function requestOf(user: NamedUser, hash: string | undefined, { host, root }: Actor): AccountRequest {
  const groups = typeof user.groups === 'string' ? user.groups.split(',') : (user.groups ?? [])
  const shell = user.shell ?? ['/bin/bash', '/bin/sh'].find((path) => exists(host, `${root}${path}`))
  return {
    name: user.name,
    uid: user.uid === undefined || user.uid === '' ? undefined : Number(user.uid),
    gecos: user.gecos,
    home: user.homedir ?? `/home/${user.name}`,
    shell: shell ?? '/bin/sh',
    passwordHash: hash,
    lockPassword: user.lock_passwd,
    primaryGroup: user.primary_group,
    groups: groups.map((group) => group.trim()).filter(Boolean),
  }
}

function readAccounts({ host, root }: Actor): AccountFiles {
  const read = (name: string) => readIfThere(host, `${root}/etc/${name}`)
  return {
    passwd: read('passwd') ?? '',
    group: read('group') ?? '',
    shadow: read('shadow') ?? '',
    gshadow: read('gshadow'),
  }
}

/** passwd comes last: a user is there only when all that belongs to one is. */
function writeAccounts(before: AccountFiles, after: AccountFiles, { host, root }: Actor): void {
  const modes = { group: 0o644, gshadow: 0o640, shadow: 0o640, passwd: 0o644 } as const
  for (const name of ['group', 'gshadow', 'shadow', 'passwd'] as const) {
    const text = after[name]
    if (text === undefined || text === before[name]) continue
    const path = `${root}/etc/${name}`
    host.writeAtomic(path, text, exists(host, path) ? {} : { mode: modes[name] })
  }
}

/**
 * A home that is there already (it may outlive the account, on the persistent partition) is given to the user, unless
 * it belongs to somebody else who exists. Ids are never taken from it.
 */
function makeHome(account: Account, passwd: string, actor: Actor): void {
  const { host, root } = actor
  const path = `${root}${account.home}`
  const present = statIfThere(host, path)
  if (present) {
    const holder = present.uid === 0 ? undefined : accountOfUid(passwd, present.uid)
    if (present.uid !== account.uid && holder === undefined) chownTree(host, path, account.uid, account.gid)
    return
  }
  host.mkdir(path, { recursive: true, mode: 0o755 })
  host.chmod(path, 0o700)
  if (exists(host, `${root}${skeleton}`)) host.run(['cp', '-a', `${root}${skeleton}/.`, path])
  host.chmod(path, 0o700)
  chownTree(host, path, account.uid, account.gid)
}

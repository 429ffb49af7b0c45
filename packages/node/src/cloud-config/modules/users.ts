import { looksLikeHash } from '@kiln/contract/cloud-config/password'
import { chownTree, exists, readIfThere, statIfThere } from '../../host/tree.ts'
import {
  type Account,
  type AccountFiles,
  type AccountRequest,
  accountOfUid,
  ensureUser,
  findAccount,
} from '../accounts.ts'
import type { NamedUser } from '../stages.ts'
import { addKeysFor } from './authorized-keys.ts'
import { forEach, type ModuleContext, ModuleError } from './context.ts'

const skeleton = '/etc/skel'

/** Creates users or brings them up to date, each with home and keys. */
export function ensureUsers(users: readonly NamedUser[], context: ModuleContext): void {
  forEach(users, (user) => ensureOne(user, context))
}

function ensureOne(user: NamedUser, context: ModuleContext): void {
  const { warn } = context
  const before = readAccounts(context)
  const isNew = findAccount(before.passwd, user.name) === undefined
  const isHash = user.passwd === undefined || looksLikeHash(user.passwd)
  if (!isHash)
    warn(`user ${user.name}: passwd is not a hash and is not set; make one with: openssl passwd -6`)
  const after = ensureUser(before, requestOf(user, isHash, context))
  writeAccounts(before, after, context)
  const account = findAccount(after.passwd, user.name)
  if (!account) throw new ModuleError([`user ${user.name} was not created`])
  if (isNew && !user.no_create_home) makeHome(account, after.passwd, context)
  const keys = user.ssh_authorized_keys ?? []
  forEach(
    [
      () => {
        if (keys.length > 0) addKeysFor(user.name, keys, context)
      },
      () => {
        if (!isHash) throw new ModuleError([`user ${user.name}: passwd is not a hash`])
      },
    ],
    (part) => part(),
  )
}

function requestOf(user: NamedUser, isHash: boolean, { host, root }: ModuleContext): AccountRequest {
  const groups = typeof user.groups === 'string' ? user.groups.split(',') : (user.groups ?? [])
  const shell = user.shell ?? ['/bin/bash', '/bin/sh'].find((path) => exists(host, `${root}${path}`))
  return {
    name: user.name,
    uid: user.uid === undefined || user.uid === '' ? undefined : Number(user.uid),
    gecos: user.gecos,
    home: user.homedir ?? `/home/${user.name}`,
    shell: shell ?? '/bin/sh',
    passwordHash: isHash ? user.passwd : undefined,
    lockPassword: user.lock_passwd,
    primaryGroup: user.primary_group,
    groups: groups.map((group) => group.trim()).filter(Boolean),
  }
}

function readAccounts({ host, root }: ModuleContext): AccountFiles {
  const read = (name: string) => readIfThere(host, `${root}/etc/${name}`)
  return {
    passwd: read('passwd') ?? '',
    group: read('group') ?? '',
    shadow: read('shadow') ?? '',
    gshadow: read('gshadow'),
  }
}

/** passwd comes last: a user is there only when all that belongs to one is. */
function writeAccounts(before: AccountFiles, after: AccountFiles, { host, root }: ModuleContext): void {
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
function makeHome(account: Account, passwd: string, context: ModuleContext): void {
  const { host, root } = context
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

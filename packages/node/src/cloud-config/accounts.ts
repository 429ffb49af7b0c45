import { looksLikeHash } from '@kiln/contract/cloud-config/password'

/**
 * The account files as text, changed by pure functions: the same on every distribution, without useradd.
 * Formats: passwd(5), group(5), shadow(5), gshadow(5).
 */
export interface AccountFiles {
  readonly passwd: string
  readonly group: string
  readonly shadow: string
  /** Not every distribution has it. */
  readonly gshadow: string | undefined
}

export interface AccountRequest {
  readonly name: string
  readonly uid?: number | undefined
  readonly gecos?: string | undefined
  readonly home: string
  readonly shell: string
  /** Verbatim, as crypt(5) makes it; undefined leaves an existing one. */
  readonly passwordHash?: string | undefined
  readonly lockPassword?: boolean | undefined
  /** Default: a group with the user's name. */
  readonly primaryGroup?: string | undefined
  readonly groups: readonly string[]
}

/** Ids that users and groups had before, by name. */
export interface KnownIds {
  readonly users: Readonly<Record<string, number>>
  readonly groups: Readonly<Record<string, number>>
}
const noneKnown: KnownIds = { users: {}, groups: {} }

/** An entry of passwd(5). */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** What is wrong with a request. The message is for the person who wrote the configuration. */
export class AccountError extends Error {}

const firstHumanId = 1000
const lastHumanId = 59_999
const firstSystemId = 100
const lastSystemId = 999
/** No password fits, but a key still lets the user in; `!` would lock the account for some ssh servers altogether. */
const noPassword = '*'

export function findAccount(passwd: string, name: string): Account | undefined {
  const [, , uid, gid, , home] = entryOf(passwd, name) ?? []
  if (uid === undefined || gid === undefined) return undefined
  return { name, uid: Number(uid), gid: Number(gid), home: home ?? '/' }
}

export function accountOfUid(passwd: string, uid: number): string | undefined {
  return entries(passwd).find((fields) => fields[2] === String(uid))?.[0]
}

export function groupId(group: string, name: string): number | undefined {
  const gid = entryOf(group, name)?.[2]
  return gid === undefined ? undefined : Number(gid)
}

/**
 * Creates a user, or brings an existing one up to date: password and groups. Doing it twice changes nothing more.
 * @param known ids that belong to a name even while it is not there
 * @throws AccountError on a name, field or id that cannot be
 */
export function ensureUser(
  files: AccountFiles,
  user: AccountRequest,
  known: KnownIds = noneKnown,
): AccountFiles {
  checkRequest(user)
  const existing = findAccount(files.passwd, user.name)
  const created = existing ? files : createUser(files, user, known)
  const withPassword = { ...created, shadow: setPassword(created.shadow, user) }
  return user.groups.reduce((result, group) => joinGroup(result, group, user.name, known), withPassword)
}

function createUser(files: AccountFiles, user: AccountRequest, known: KnownIds): AccountFiles {
  const uid =
    user.uid ?? idFor(files.passwd, user.name, known.users, { first: firstHumanId, last: lastHumanId })
  const holder = accountOfUid(files.passwd, uid)
  if (holder !== undefined) throw new AccountError(`user ${user.name}: uid ${uid} belongs to ${holder}`)
  const groupName = user.primaryGroup ?? user.name
  const withGroup = ensureGroup(files, groupName, known, { first: firstHumanId, last: lastHumanId })
  const gid = groupId(withGroup.group, groupName)
  const fields = [user.name, 'x', uid, gid, user.gecos ?? '', user.home, user.shell]
  return {
    ...withGroup,
    passwd: append(withGroup.passwd, fields.join(':')),
    // The day of the last change stays empty: the clock may be wrong this early, and a day in 1970 would expire it.
    shadow: append(removeEntry(withGroup.shadow, user.name), `${user.name}:${noPassword}:::::::`),
  }
}

/** Keeps the ageing fields. */
function setPassword(shadow: string, user: AccountRequest): string {
  return changeEntry(shadow, user.name, ([name = '', current = noPassword, ...ageing]) => {
    const hash = user.passwordHash ?? current
    const open = hash.replace(/^!+/, '')
    return [name, user.lockPassword ? `!${open === noPassword ? '' : open}` : hash, ...ageing]
  })
}

function joinGroup(files: AccountFiles, name: string, member: string, known: KnownIds): AccountFiles {
  checkName('group', name)
  const ready = ensureGroup(files, name, known, { first: firstSystemId, last: lastSystemId, downwards: true })
  const addMember = (fields: readonly string[]): string[] => {
    const members = (fields[3] ?? '').split(',').filter(Boolean)
    return [...fields.slice(0, 3), [...new Set([...members, member])].join(',')]
  }
  return {
    ...ready,
    group: changeEntry(ready.group, name, addMember),
    gshadow: ready.gshadow === undefined ? undefined : changeEntry(ready.gshadow, name, addMember),
  }
}

/** System groups are numbered downwards, as groupadd does, so that they do not meet those of packages. */
function ensureGroup(files: AccountFiles, name: string, known: KnownIds, range: IdRange): AccountFiles {
  if (entryOf(files.group, name)) return files
  const gid = idFor(files.group, name, known.groups, range)
  return {
    ...files,
    group: append(files.group, `${name}:x:${gid}:`),
    gshadow:
      files.gshadow === undefined ? undefined : append(removeEntry(files.gshadow, name), `${name}:!::`),
  }
}

interface IdRange {
  readonly first: number
  readonly last: number
  readonly downwards?: boolean
}

/** The id that a name had before, if nobody has taken it since; else a free one that belongs to no other name. */
function idFor(
  text: string,
  name: string,
  known: KnownIds['users'],
  { first, last, downwards }: IdRange,
): number {
  const used = new Set(entries(text).map((fields) => Number(fields[2])))
  const own = Object.hasOwn(known, name) ? known[name] : undefined
  if (own !== undefined && !used.has(own)) return own
  for (const id of Object.values(known)) used.add(id)
  for (let step = 0; step <= last - first; step++) {
    const id = downwards ? last - step : first + step
    if (!used.has(id)) return id
  }
  throw new AccountError(`no id is free from ${first} to ${last}`)
}

/** Group → gid, of the groups that were not there before. */
export function newGroups(before: string, after: string): Record<string, number> {
  const old = new Set(entries(before).map(([name]) => name))
  const fresh = entries(after).filter(([name]) => !old.has(name))
  return Object.fromEntries(fresh.map(([name = '', , gid]) => [name, Number(gid)]))
}

function checkRequest(user: AccountRequest): void {
  checkName('user', user.name)
  if (user.primaryGroup !== undefined) checkName('group', user.primaryGroup)
  if (user.uid !== undefined && !(Number.isInteger(user.uid) && user.uid >= 0 && user.uid < 65_534)) {
    throw new AccountError(`user ${user.name}: ${user.uid} is not a uid`)
  }
  for (const [field, value] of Object.entries({ gecos: user.gecos, home: user.home, shell: user.shell })) {
    if (value !== undefined && /[:\n\r\0]/.test(value)) {
      throw new AccountError(`user ${user.name}: ${field} must not hold a colon or a line break`)
    }
  }
  if (user.passwordHash !== undefined && !looksLikeHash(user.passwordHash)) {
    throw new AccountError(`user ${user.name}: passwd is not a hash`)
  }
}

function checkName(kind: 'user' | 'group', name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(name)) {
    throw new AccountError(`"${name}" is not the name of a ${kind}: letters, digits, _ . - only, at most 32`)
  }
}

function entries(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))
}

function entryOf(text: string, name: string): string[] | undefined {
  return entries(text).find((fields) => fields[0] === name)
}

function append(text: string, line: string): string {
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}

function changeEntry(
  text: string,
  name: string,
  change: (fields: readonly string[]) => readonly string[],
): string {
  const lines = text.split('\n')
  return lines
    .map((line) => (line.startsWith(`${name}:`) ? change(line.split(':')).join(':') : line))
    .join('\n')
}

/** A line that an earlier account of the same name left behind. */
function removeEntry(text: string, name: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith(`${name}:`))
    .join('\n')
}

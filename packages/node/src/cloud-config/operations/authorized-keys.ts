import { readIfThere } from '../../host/tree.ts'
import { type Account, findAccount } from '../accounts.ts'
import { type Actor, OperationError } from './actor.ts'
import { fetchFile } from './fetch.ts'
import type { OperationOf } from './operation.ts'

/** Adds the keys that a user does not have yet. */
export function addKeys({ user, keys }: OperationOf<'keys'>, actor: Actor): void {
  const { host, root } = actor
  const account = findAccount(readIfThere(host, `${root}/etc/passwd`) ?? '', user)
  if (!account) throw new OperationError(`there is no user ${user}`)
  const folder = `${root}${account.home}/.ssh`
  const file = `${folder}/authorized_keys`
  // 0700 for the home, too, should it be missing: sshd refuses keys below a folder that others can write.
  host.mkdir(folder, { recursive: true, mode: 0o700 })
  own(folder, account, 0o700, actor)
  host.writeAtomic(file, withKeys(readIfThere(host, file) ?? '', keys), { mode: 0o600 })
  own(file, account, 0o600, actor)
}

const largestKeys = 256 * 1024

/** Adds the keys that an account of a forge has, or that are behind an address. The server has to prove who it is. */
export function fetchKeys({ user, url }: OperationOf<'fetch-keys'>, actor: Actor): void {
  const { host, root } = actor
  const file = `${root}/run/kiln/keys-${Math.floor(host.uptime() * 1000)}`
  try {
    fetchFile({ url, file, largest: largestKeys, timeoutMs: actor.timeoutMs }, actor)
    const lines = host
      .readText(file)
      .split('\n')
      .map((line) => line.trim())
    const keys = lines.filter((line) => /^(ssh-|ecdsa-|sk-)\S+ \S+/.test(line))
    if (keys.length === 0) throw new OperationError(`${url} has no public keys`)
    addKeys({ kind: 'keys', user, keys }, actor)
  } finally {
    host.remove(file, { recursive: true })
  }
}

/** Adds lines that are not there yet; nothing is taken away. */
export function withKeys(text: string, keys: readonly string[]): string {
  const present = new Set(text.split('\n').map((line) => line.trim()))
  const fresh = [...new Set(keys)].filter((key) => !present.has(key))
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return start + fresh.map((key) => `${key}\n`).join('')
}

function own(path: string, account: Account, mode: number, { host }: Actor): void {
  host.chown(path, account.uid, account.gid)
  host.chmod(path, mode)
}

import { readIfThere } from '../../host/tree.ts'
import { type Account, findAccount } from '../accounts.ts'
import { forEach, type ModuleContext, ModuleError } from './context.ts'

/** Adds keys to users that are there already. */
export function addKeys(keys: Readonly<Record<string, readonly string[]>>, context: ModuleContext): void {
  forEach(Object.entries(keys), ([name, lines]) => addKeysFor(name, lines, context))
}

/** Adds the keys that a user does not have yet. Good ones are added even if another one is not. */
export function addKeysFor(name: string, keys: readonly string[], context: ModuleContext): void {
  const { host, root } = context
  const account = findAccount(readIfThere(host, `${root}/etc/passwd`) ?? '', name)
  if (!account) throw new ModuleError([`there is no user ${name}`])
  const folder = `${root}${account.home}/.ssh`
  const file = `${folder}/authorized_keys`
  const good = keys.map((key) => key.trim()).filter(isLiteral)
  if (good.length > 0) {
    // 0700 for the home, too, should it be missing: sshd refuses keys below a folder that others can write.
    host.mkdir(folder, { recursive: true, mode: 0o700 })
    own(folder, account, 0o700, context)
    host.writeAtomic(file, withKeys(readIfThere(host, file) ?? '', good), { mode: 0o600 })
    own(file, account, 0o600, context)
  }
  forEach(
    keys.filter((key) => !isLiteral(key.trim())),
    (key) => {
      throw new ModuleError([
        `${name}: fetching keys (${key.slice(0, 60)}) is not yet supported; write the key itself`,
      ])
    },
  )
}

/** Adds lines that are not there yet; nothing is taken away. */
export function withKeys(text: string, keys: readonly string[]): string {
  const present = new Set(text.split('\n').map((line) => line.trim()))
  const fresh = [...new Set(keys)].filter((key) => !present.has(key))
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return start + fresh.map((key) => `${key}\n`).join('')
}

function isLiteral(key: string): boolean {
  return !/^(github|gitlab):|^[a-z]+:\/\//.test(key) && /\S+\s+\S+/.test(key) && !key.includes('\n')
}

function own(path: string, account: Account, mode: number, { host }: ModuleContext): void {
  host.chown(path, account.uid, account.gid)
  host.chmod(path, mode)
}

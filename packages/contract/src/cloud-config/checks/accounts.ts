import type { Finding } from '../../error.ts'
import { pathName, type Source } from '../../issues.ts'
import type { Check, Findings } from '../checks.ts'
import { looksLikeHash } from '../password.ts'
import type { CloudConfig } from '../schema/cloud-config.ts'
import type { UserConfig } from '../schema/user.ts'
import type { Path } from '../tree.ts'
import type { Warning } from '../warnings.ts'

interface Account {
  readonly name: string
  readonly user: UserConfig
  readonly path: Path
}

interface Key {
  readonly key: string
  readonly path: Path
}

/** Who can get in, and how safely. */
export const accountFindings: Check = (config, source) => {
  const accounts = accountsOf(config)
  const keys = keysOf(config, accounts)
  const hardening = hardeningFindings(config, source, accounts, keys)
  return {
    errors: [...hardening.errors, ...keys.flatMap((key) => privateKey(key, source))],
    warnings: [
      ...hardening.warnings,
      ...accounts.flatMap((account) => plainPassword(account, source)),
      ...keys.flatMap((key) => strangeKey(key, source)),
      ...repeatedUsers(config, source),
    ],
  }
}

function accountsOf(config: CloudConfig): Account[] {
  const listed = (config.users ?? []).map((user, index) => ({
    name: user.name,
    user,
    path: ['users', index],
  }))
  const inSteps = stepsOf(config).flatMap(({ step, path }) =>
    Object.entries(step.users ?? {}).map(([name, user]) => ({ name, user, path: [...path, 'users', name] })),
  )
  return [...listed, ...inSteps]
}

export function stepsOf({ stages = {} }: CloudConfig) {
  return Object.entries(stages).flatMap(([stage, steps = []]) =>
    steps.map((step, index) => ({ step, path: ['stages', stage, index] as Path })),
  )
}

function keysOf(config: CloudConfig, accounts: readonly Account[]): Key[] {
  const below = (keys: readonly string[] | undefined, path: Path): Key[] =>
    (keys ?? []).map((key, index) => ({ key, path: [...path, index] }))
  return [
    ...below(config.ssh_authorized_keys, ['ssh_authorized_keys']),
    ...accounts.flatMap(({ user, path }) =>
      below(user.ssh_authorized_keys, [...path, 'ssh_authorized_keys']),
    ),
    ...stepsOf(config).flatMap(({ step, path }) =>
      Object.entries(step.authorized_keys ?? {}).flatMap(([name, keys]) =>
        below(keys, [...path, 'authorized_keys', name]),
      ),
    ),
  ]
}

function hardeningFindings(
  config: CloudConfig,
  source: Source,
  accounts: readonly Account[],
  keys: readonly Key[],
): Findings {
  if (!config.install?.ssh_hardening) return { errors: [], warnings: [] }
  if (keys.length === 0) {
    const finding: Finding = {
      code: 'E-CONFIG-BAD-VALUE',
      message: 'install.ssh_hardening lets in keys only, and no user has ssh_authorized_keys',
      place: source.placeOf(['install', 'ssh_hardening']),
      hint: 'give a user ssh_authorized_keys, or nobody gets in any more',
    }
    return { errors: [finding], warnings: [] }
  }
  const warnings = accounts
    .filter(({ user }) => user.passwd !== undefined && (user.ssh_authorized_keys ?? []).length > 0)
    .map(({ name, path }): Warning => {
      const message = `${name} has a passwd, but install.ssh_hardening turns password authentication off for ssh`
      return { code: 'W-UNLIKELY', message, place: source.placeOf([...path, 'passwd']) }
    })
  return { errors: [], warnings }
}

function plainPassword({ name, user, path }: Account, source: Source): Warning[] {
  if (user.passwd === undefined || user.passwd === '' || user.passwd.includes('{{')) return []
  if (looksLikeHash(user.passwd)) return []
  return [
    {
      code: 'W-PLAIN-SECRET',
      message: `the password of ${name} stands here for everybody to read`,
      place: source.placeOf([...path, 'passwd']),
      hint: 'put in what `openssl passwd -6` makes of it, or use ssh_authorized_keys alone',
    },
  ]
}

function privateKey({ key, path }: Key, source: Source): Finding[] {
  if (!key.includes('PRIVATE KEY')) return []
  return [
    {
      code: 'E-CONFIG-BAD-VALUE',
      message: `${pathName(path)} is a private key`,
      place: source.placeOf(path),
      hint: 'put in the public one, which ends in .pub; take the private one for lost, now that it was written here',
    },
  ]
}

const publicKey = /^(?:[a-z-]+="?[^ ]* )?(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ \S/
const elsewhere = /^(github|gitlab):\S+$|^https?:\/\/\S+$|\{\{/

function strangeKey({ key, path }: Key, source: Source): Warning[] {
  if (publicKey.test(key.trim()) || elsewhere.test(key.trim()) || key.includes('PRIVATE KEY')) return []
  return [
    {
      code: 'W-UNLIKELY',
      message: `${pathName(path)} does not look like a public key`,
      place: source.placeOf(path),
      hint: 'a key such as "ssh-ed25519 AAAA… name", github:USER, gitlab:USER or an address of keys',
    },
  ]
}

function repeatedUsers({ users = [] }: CloudConfig, source: Source): Warning[] {
  const seen = new Set<string>()
  return users.flatMap(({ name }, index): Warning[] => {
    const isNew = !seen.has(name)
    seen.add(name)
    if (isNew) return []
    const message = `the user ${name} is in the list twice`
    const hint = 'kiln.merge: {users: name} makes one of the two'
    return [{ code: 'W-UNLIKELY', message, place: source.placeOf(['users', index]), hint }]
  })
}

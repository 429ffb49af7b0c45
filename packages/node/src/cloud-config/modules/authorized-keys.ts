import type { Operation } from '../operations/operation.ts'

/** Where the public keys of an account are. */
const forges: Readonly<Record<string, string>> = {
  github: 'https://github.com',
  gitlab: 'https://gitlab.com',
}

/** Literal keys of a user together, then those that are fetched, each by itself. */
export function planKeys(keys: Readonly<Record<string, readonly string[]>>): Operation[] {
  return Object.entries(keys).flatMap(([user, lines]) => {
    const trimmed = lines.map((line) => line.trim()).filter(Boolean)
    const literal = trimmed.filter((line) => !isRemoteKey(line))
    const good = literal.filter(isKey)
    return [
      ...(good.length > 0 ? [{ kind: 'keys', user, keys: good } as const] : []),
      ...literal
        .filter((line) => !isKey(line))
        .map(
          (line) =>
            ({ kind: 'impossible', message: `${user}: "${line.slice(0, 40)}" is not a public key` }) as const,
        ),
      ...trimmed
        .filter(isRemoteKey)
        .map((line) => ({ kind: 'fetch-keys', user, url: addressOf(line) }) as const),
    ]
  })
}

/** Has to be fetched, so it waits for the network. */
export function isRemoteKey(key: string): boolean {
  return /^(github|gitlab):|^https?:\/\//.test(key.trim())
}

function addressOf(key: string): string {
  const [, forge, account] = key.match(/^(github|gitlab):(.+)$/) ?? []
  return forge === undefined || account === undefined
    ? key
    : `${forges[forge]}/${encodeURIComponent(account)}.keys`
}

/** A kind, and what it is: sshd(8), "AUTHORIZED_KEYS FILE FORMAT". */
function isKey(line: string): boolean {
  return /\S+\s+\S+/.test(line) && !line.includes('\n')
}

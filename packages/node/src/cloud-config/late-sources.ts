import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import type { Gathered } from './gather.ts'
import type { ConfigSource } from './read-sources.ts'

/** What addresses led to when the stage boot of this start ran: texts, readable by root alone. */
const seenPath = '/run/kiln/remote-at-boot.json'

/** Remembers what the stage boot acts on. A copy may come later in this start, by an installer for example. */
export function noteSeen(host: Host, { sources }: Gathered): void {
  const texts = sources.filter(isRemote).map(({ text }) => text)
  host.mkdir('/run/kiln', { recursive: true })
  host.writeAtomic(seenPath, JSON.stringify(texts), { mode: 0o600 })
}

/**
 * What the stages before the network have missed.
 * @param before what there was before anybody was asked for user data
 */
export function lateSources(host: Host, before: Gathered, now: Gathered): ConfigSource[] {
  const remote = JSON.parse(readIfThere(host, seenPath) ?? '[]') as string[]
  const local = before.sources.filter((source) => !isRemote(source)).map(({ text }) => text)
  const seen = new Set([...remote, ...local])
  return now.sources.filter(({ text }) => !seen.has(text))
}

function isRemote(source: ConfigSource): boolean {
  return source.kind === 'file' && /^https?:\/\//.test(source.name)
}

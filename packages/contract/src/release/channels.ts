import * as z from 'zod/mini'
import { type Release, type ReleaseCheck, releaseChecks } from './manifest.ts'

/** What a store has of a product: its releases, and where each channel points. Written last, in one piece. */
export const storeIndexFile = 'index.json'

const Moved = z.strictObject({
  version: z.string(),
  digest: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
})

export const StoreIndex = z.strictObject({
  schema: z.literal('kiln.releases/v1'),
  name: z.string(),
  releases: z.array(
    z.strictObject({
      version: z.string(),
      /** Of its release.json: what a channel points to. */
      digest: z.string(),
      /** ISO 8601, UTC. */
      published: z.string(),
      artifacts: z.number(),
      /** It must not be used any more, and why. */
      yanked: z.optional(z.strictObject({ why: z.string(), at: z.string() })),
    }),
  ),
  /** Channel → where it pointed, the present first. */
  channels: z.record(z.string(), z.array(Moved)),
})
export type StoreIndex = z.infer<typeof StoreIndex>
export type PublishedRelease = StoreIndex['releases'][number]

/** `edge`, `beta`, `stable`: in their order, what a release must have behind it to come to each. */
export const ChannelRule = z.strictObject({
  name: z.string().check(z.regex(/^[a-z][a-z0-9-]*$/)),
  /** Hours that it must have been in the channel before this one. */
  soak: z._default(z.number().check(z.nonnegative()), 0),
  /** Checks that must have passed; a waiver does not do. */
  require: z._default(z.array(z.enum(releaseChecks)), []),
})
export type ChannelRule = z.infer<typeof ChannelRule>

export function emptyStoreIndex(name: string): StoreIndex {
  return { schema: 'kiln.releases/v1', name, releases: [], channels: {} }
}

/** Adds a release, or takes the same one again. @param now ISO 8601, UTC. @throws RangeError where that version is another one */
export function addRelease(
  index: StoreIndex,
  { version, artifacts }: Pick<Release, 'version' | 'artifacts'>,
  digest: string,
  now: string,
): StoreIndex {
  const known = index.releases.find((release) => release.version === version)
  if (known && known.digest !== digest) throw new RangeError(`${version} is published, and is another one`)
  if (known) return index
  const release = { version, digest, published: now, artifacts: artifacts.length }
  return { ...index, releases: [release, ...index.releases] }
}

const hourMs = 3_600_000

export interface Promotion {
  readonly index: StoreIndex
  /** What the channel pointed to before. */
  readonly from: string | undefined
}

/**
 * Why a release cannot come to a channel yet; empty where it can. Pure.
 * @param now ISO 8601, UTC
 */
export function promotionProblems(
  index: StoreIndex,
  release: Release,
  channel: string,
  rules: readonly ChannelRule[],
  now: string,
): string[] {
  const place = rules.findIndex(({ name }) => name === channel)
  const rule = rules[place]
  if (!rule) return [`there is no channel ${channel}; there are ${rules.map(({ name }) => name).join(', ')}`]
  const known = index.releases.find(({ version }) => version === release.version)
  if (!known) return [`${release.version} is not published`]
  const problems = known.yanked ? [`${release.version} was withdrawn: ${known.yanked.why}`] : []
  const before = rules[place - 1]?.name
  if (before !== undefined) problems.push(...soakProblems(index, known, before, rule, now))
  return [...problems, ...rule.require.flatMap((check) => unpassed(release, check))]
}

function soakProblems(
  { channels }: StoreIndex,
  { version, digest }: PublishedRelease,
  before: string,
  { name, soak }: ChannelRule,
  now: string,
): string[] {
  const arrived = channels[before]?.find((moved) => moved.digest === digest)?.at
  if (arrived === undefined) return [`${version} was never in ${before}`]
  const hours = (Date.parse(now) - Date.parse(arrived)) / hourMs
  if (hours >= soak) return []
  return [`${version} was in ${before} for ${Math.floor(hours)} hours; ${name} takes it after ${soak}`]
}

function unpassed({ artifacts }: Release, check: ReleaseCheck): string[] {
  const lacking = artifacts.filter(({ checks }) => checks[check]?.state !== 'passed')
  const [first] = lacking
  if (!first) return []
  const more = lacking.length === 1 ? '' : ` and ${lacking.length - 1} more`
  return [`${check} has not passed for ${first.file}${more}`]
}

/** Moves a channel; the same release again changes nothing. */
export function promote(
  index: StoreIndex,
  { version, digest }: Pick<PublishedRelease, 'version' | 'digest'>,
  channel: string,
  now: string,
): Promotion {
  const history = index.channels[channel] ?? []
  const from = history[0]?.version
  if (history[0]?.digest === digest) return { index, from }
  const channels = { ...index.channels, [channel]: [{ version, digest, at: now }, ...history] }
  return { index: { ...index, channels }, from }
}

/**
 * Withdraws a release: it stays where it is, is marked, and every channel that points to it goes back to the last one before
 * that was not withdrawn.
 */
export function yank(index: StoreIndex, version: string, why: string, now: string): StoreIndex {
  const releases = index.releases.map((release) =>
    release.version === version && !release.yanked ? { ...release, yanked: { why, at: now } } : release,
  )
  const isGood = (digest: string) =>
    releases.some((release) => release.digest === digest && release.yanked === undefined)
  const channels = Object.fromEntries(
    Object.entries(index.channels).map(([channel, history]) => {
      const [present, ...earlier] = history
      if (!present || isGood(present.digest)) return [channel, history]
      const good = earlier.find(({ digest }) => isGood(digest))
      return [channel, good ? [{ ...good, at: now }, ...history] : history]
    }),
  )
  return { ...index, releases, channels }
}

/** Where a channel points; nothing where that was withdrawn and nothing good came before. */
export function channelRelease(
  { channels, releases }: StoreIndex,
  channel: string,
): PublishedRelease | undefined {
  const digest = channels[channel]?.[0]?.digest
  return releases.find((release) => release.digest === digest && release.yanked === undefined)
}

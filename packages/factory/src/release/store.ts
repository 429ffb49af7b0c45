import { mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { KilnError, parseOrThrow } from '@kiln/contract'
import {
  addRelease,
  type ChannelRule,
  emptyStoreIndex,
  promote,
  promotionProblems,
  StoreIndex,
  storeIndexFile,
  yank,
} from '@kiln/contract/release/channels'
import { evidenceOf, type Release, releaseFile } from '@kiln/contract/release/manifest'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { bundleSuffix } from '../sign/bundle.ts'
import { takeLock } from '../tools/flock.ts'
import { writeWhole } from '../write-whole.ts'
import { readRelease } from './check.ts'
import { place, writeLast } from './files.ts'
import { releasePage } from './page.ts'

/**
 * A store of releases is a folder that any web server can hand out: `<name>/<version>/` with the files of each,
 * `<name>/<version>.html` for people, and `<name>/index.json`, which says what there is and where the channels point. That one is written last, so that whoever
 * begins with it never sees half a release.
 */
export interface StorePlace {
  readonly root: string
  readonly signal: AbortSignal
}

export interface PublishOptions extends StorePlace {
  /** Folder of the release. */
  readonly release: string
  /** ISO 8601, UTC. */
  readonly now: string
  readonly progress?: (file: string, done: number, total: number) => void
}

export interface Published {
  readonly name: string
  readonly version: string
  readonly digest: string
  readonly folder: string
}

/**
 * Brings a whole release into the store. Can be repeated: what is there and the same is left alone.
 * @throws KilnError E-RELEASE-CONFLICT where that version is published and is another one
 */
export async function publishRelease(options: PublishOptions): Promise<Published> {
  const { release: from, root, now, signal, progress } = options
  const { release, digest } = await readRelease(from)
  const { name, version } = release
  const folder = join(root, name, version)
  return withIndex(root, name, signal, async (index) => {
    const next = await added(index, release, digest, now)
    await mkdir(folder, { recursive: true })
    const files = await publishedFiles(from, release)
    let done = 0
    await Readable.from(files).forEach(
      async ({ file, digest }: PublishedFile) => {
        await place(join(from, file), join(folder, file), digest)
        progress?.(file, ++done, files.length)
      },
      { concurrency: availableParallelism(), signal },
    )
    await writeWhole(join(root, name, `${version}.html`), releasePage(release))
    return { index: next, result: { name, version, digest, folder } }
  })
}

async function added(index: StoreIndex, release: Release, digest: string, now: string): Promise<StoreIndex> {
  try {
    return addRelease(index, release, digest, now)
  } catch (cause) {
    throw new KilnError('E-RELEASE-CONFLICT', (cause as Error).message, {
      hint: 'a version that is published never changes; take the next one',
      cause,
    })
  }
}

interface PublishedFile {
  readonly file: string
  readonly digest: string
}

/** The artifacts with their evidence, and the manifest last. */
async function publishedFiles(from: string, { artifacts }: Release): Promise<PublishedFile[]> {
  const named = artifacts.flatMap((artifact) => [artifact, ...evidenceOf(artifact)])
  const own = [`${releaseFile}${bundleSuffix}`, releaseFile].map(async (file) => {
    const digest = await prefixedFileDigest(join(from, file)).catch(() => undefined)
    return digest === undefined ? [] : [{ file, digest }]
  })
  const all = [...named, ...(await Promise.all(own)).flat()]
  return [...new Map(all.map((each) => [each.file, each])).values()]
}

export interface MoveOptions extends StorePlace {
  readonly name: string
  readonly version: string
  readonly now: string
}

/**
 * Points a channel to a release, by its digest, if the rules allow it.
 * @returns the version that the channel pointed to before
 * @throws KilnError E-RELEASE-RULE with every reason
 */
export async function promoteRelease(
  { root, name, version, now, signal }: MoveOptions,
  channel: string,
  rules: readonly ChannelRule[],
): Promise<string | undefined> {
  const { release, digest } = await readRelease(join(root, name, version))
  return withIndex(root, name, signal, async (index) => {
    const problems = promotionProblems(index, release, channel, rules, now)
    const known = index.releases.find((each) => each.version === version)
    if (known && known.digest !== digest) problems.push(`${version} is not what was published`)
    if (problems.length > 0) {
      throw new KilnError('E-RELEASE-RULE', `${version} does not come to ${channel}: ${problems.join('; ')}`)
    }
    const { index: next, from } = promote(index, { version, digest }, channel, now)
    return { index: next, result: from }
  })
}

/** Withdraws a release. @throws KilnError E-ARTIFACT-MISSING where there is no such one */
export async function yankRelease(
  { root, name, version, now, signal }: MoveOptions,
  why: string,
): Promise<StoreIndex> {
  return withIndex(root, name, signal, async (index) => {
    if (index.releases.every((release) => release.version !== version)) {
      throw new KilnError('E-ARTIFACT-MISSING', `${name} ${version} is not published in ${root}`)
    }
    const next = yank(index, version, why, now)
    return { index: next, result: next }
  })
}

/** @throws KilnError E-CONFIG-* where it is damaged */
export async function readStoreIndex(root: string, name: string): Promise<StoreIndex> {
  const file = join(root, name, storeIndexFile)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? emptyStoreIndex(name) : parseOrThrow(StoreIndex, text, file).value
}

/** One at a time: what is read is what is changed. */
async function withIndex<T>(
  root: string,
  name: string,
  signal: AbortSignal,
  change: (index: StoreIndex) => Promise<{ readonly index: StoreIndex; readonly result: T }>,
): Promise<T> {
  await mkdir(join(root, name), { recursive: true })
  const lock = await takeLock(join(root, name, '.lock'), { signal })
  try {
    const before = await readStoreIndex(root, name)
    const { index, result } = await change(before)
    if (index !== before) {
      await writeLast(join(root, name, storeIndexFile), `${JSON.stringify(index, undefined, 2)}\n`)
    }
    return result
  } finally {
    await lock?.release()
  }
}

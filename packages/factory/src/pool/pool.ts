import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { LockedPackage } from '../lock/lock.ts'
import { fileDigest } from '../resolve/digest.ts'
import { failureOf, httpGet } from './http.ts'
import { partOf, sweepParts } from './part-file.ts'

/**
 * Package files by their hash: `pool/<sha256>`. A file appears whole and checked, or not at all. All builds share it.
 */
export interface Pool {
  /** Path of a package file, which is loaded where the pool lacks it. */
  get(file: LockedPackage, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<string>
}

export function openPool(folder: string): Pool {
  // Steps side by side may want the same file; the second one waits for the first.
  const underWay = new Map<string, Promise<void>>()
  let swept: Promise<void> | undefined
  return {
    get: async (file, signal, onBytes) => {
      swept ??= sweepParts(folder, /^[0-9a-f]{64}(\.control)?$/)
      await swept
      const path = join(folder, file.sha256)
      const loading = underWay.get(file.sha256)
      if (loading) await loading
      if (await isWhole(path, file)) return path
      await mkdir(folder, { recursive: true })
      const load = loadWithRetries(file, path, signal, onBytes).finally(() => underWay.delete(file.sha256))
      underWay.set(file.sha256, load)
      await load
      return path
    },
  }
}

/** The name promises the hash, but a disk may have changed the bytes since. */
async function isWhole(path: string, { size, sha256 }: LockedPackage): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.size === size && (await fileDigest(path)) === sha256
}

const attempts = 3
const silenceMs = 30_000

async function loadWithRetries(
  file: LockedPackage,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const partial = partOf(path)
  for (let attempt = 1; ; attempt++) {
    try {
      await loadOnce(file, partial, signal, onBytes)
      await rename(partial, path)
      return
    } catch (error) {
      await rm(partial, { force: true })
      signal.throwIfAborted()
      const final = error instanceof KilnError || (error as NodeJS.ErrnoException).code === 'ENOSPC'
      if (final) throw error
      if (attempt === attempts) throw await unreachable(file, error)
    }
  }
}

async function loadOnce(
  file: LockedPackage,
  partial: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error('the server fell silent')), silenceMs)
  const target = await open(partial, 'wx')
  try {
    const answer = await httpGet(file.url, AbortSignal.any([signal, silence.signal]))
    const { statusCode = 0, statusMessage } = answer
    if (statusCode !== 200) answer.destroy()
    if (statusCode === 404 || statusCode === 410) throw gone(file)
    if (statusCode !== 200) throw new Error(`it answers ${statusCode} ${statusMessage}`)
    const hash = createHash('sha256')
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      timer.refresh()
      hash.update(chunk)
      await target.writeFile(chunk)
      onBytes(chunk.byteLength)
    }
    if (hash.digest('hex') !== file.sha256) throw new Error('the bytes are not those that the archive signed')
    await target.sync()
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error
  } finally {
    clearTimeout(timer)
    await target.close()
  }
}

function gone({ name, version, url }: LockedPackage): KilnError {
  return new KilnError('E-PACKAGE-GONE', `${name} ${version} is no longer at ${url}`, {
    hint: 'the mirror has moved on; `kiln lock` takes the newest packages',
    subjects: [name],
  })
}

async function unreachable({ name, url }: LockedPackage, cause: unknown): Promise<KilnError> {
  const { reason, hint } = await failureOf(url, cause)
  return new KilnError('E-MIRROR-UNREACHABLE', `${name} cannot be loaded from ${url}: ${reason}`, {
    cause,
    hint: `${hint}. The same command goes on where this one stopped`,
  })
}

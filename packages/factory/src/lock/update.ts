import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { mapLimited } from '../pool/map-limited.ts'
import { type ArchiveRequest, resolveArchive } from '../resolve/archive.ts'
import { openSolver } from '../tools/apt-solver.ts'
import type { Lock, PackageSet, SetRequest } from './lock.ts'

/** A set that a build needs, by its name in the lock. Sets of one group are resolved against one state of the archive. */
export interface WantedSet {
  readonly name: string
  readonly group: string
  readonly request: SetRequest
  readonly archive: ArchiveRequest
}

export interface UpdateOptions {
  readonly kilnVersion: string
  /** Folder for package lists. */
  readonly cacheFolder: string
  /** Resolve all sets anew, whether they are stale or not. */
  readonly renew: boolean
  readonly signal: AbortSignal
  readonly onResolve: (set: string) => void
}

const resolvedAtOnce = 8

/** A lock that fits what is wanted: sets that fit are kept as they are, stale groups are resolved anew, others dropped. */
export async function updateLock(
  lock: Lock | undefined,
  wanted: readonly WantedSet[],
  options: UpdateOptions,
): Promise<Lock> {
  const stale = new Set(wanted.filter((set) => options.renew || isStale(lock, set)).map(({ group }) => group))
  const solvers = solverPool(options)
  const sets = await mapLimited(wanted, resolvedAtOnce, async (set): Promise<[string, PackageSet]> => {
    const kept = lock?.sets[set.name]
    if (kept && !stale.has(set.group)) return [set.name, kept]
    options.onResolve(set.name)
    return [set.name, await resolveSet(set, solvers, options.signal)]
  })
  const kiln = stale.size === 0 && lock ? lock.kiln : options.kilnVersion
  return { schema: 'kiln.lock/v1', kiln, sets: Object.fromEntries(sets), bases: {} }
}

/** Names of the sets that the lock lacks, or has for another request. */
export function staleSets(lock: Lock | undefined, wanted: readonly WantedSet[]): string[] {
  return wanted.filter((set) => isStale(lock, set)).map(({ name }) => name)
}

function isStale(lock: Lock | undefined, { name, request }: WantedSet): boolean {
  return !isDeepStrictEqual(lock?.sets[name]?.request, request)
}

type OpenArchive = Awaited<ReturnType<typeof openArchive>>
type SolverPool = (set: WantedSet) => Promise<OpenArchive>

/** One archive and architecture is opened once, however many sets are resolved in it. */
function solverPool({ cacheFolder, signal }: UpdateOptions): SolverPool {
  const opened = new Map<string, Promise<OpenArchive>>()
  return ({ archive, request }) => {
    const id = JSON.stringify([archive, request.arch])
    const known = opened.get(id) ?? openArchive(archive, request.arch, cacheFolder, signal)
    opened.set(id, known)
    return known
  }
}

async function openArchive(request: ArchiveRequest, arch: string, cacheFolder: string, signal: AbortSignal) {
  const archive = await resolveArchive(request, signal)
  const places = archive.suites.map(({ uri, suite, components }) => [uri, suite, components])
  const id = createHash('sha256')
    .update(JSON.stringify([places, arch, archive.keyring]))
    .digest('hex')
    .slice(0, 16)
  return { archive, solver: await openSolver(join(cacheFolder, 'apt', id), archive, arch, signal) }
}

async function resolveSet(set: WantedSet, solvers: SolverPool, signal: AbortSignal): Promise<PackageSet> {
  const { archive, solver } = await solvers(set)
  return {
    request: set.request,
    archives: archive.suites.map(({ uri, suite, components }) => ({
      uri,
      suite,
      components: [...components],
    })),
    epoch: archive.epoch,
    packages: await solver.solve(set.request, signal),
  }
}

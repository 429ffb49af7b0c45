import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { KilnError } from '@kiln/contract'
import { mapLimited } from '../pool/map-limited.ts'
import { type ArchiveRequest, resolveArchive } from '../resolve/archive.ts'
import { openSolver } from '../tools/apt-solver.ts'
import type { Lock, PackageSet, SetRequest } from './lock.ts'
import { notInLock, staleSets } from './stale.ts'

/** A set that a build needs, by its name in the lock. Sets of one group are resolved against one state of the archive. */
export interface WantedSet {
  readonly name: string
  readonly group: string
  readonly request: SetRequest
  readonly archive: ArchiveRequest
  /** Name of the set that is installed first, and of which nothing can be left out. It comes before this one. */
  readonly base?: string
}

export interface UpdateOptions {
  readonly kilnVersion: string
  /** Folder for package lists. */
  readonly cacheFolder: string
  /** Resolve all sets anew, whether they are stale or not. */
  readonly renew: boolean
  readonly signal: AbortSignal
  /** @param why what differs from the lock; `renewed` where nothing does */
  readonly onResolve: (set: string, why: string) => void
}

const resolvedAtOnce = 8

/**
 * A lock that fits what is wanted: sets that fit are kept as they are, stale groups are resolved anew, others dropped.
 * @throws KilnError E-PACKAGE-REQUIRED, E-PACKAGE-UNKNOWN, E-PACKAGE-UNSATISFIABLE and as {@link resolveArchive}
 */
export async function updateLock(
  lock: Lock | undefined,
  wanted: readonly WantedSet[],
  options: UpdateOptions,
): Promise<Lock> {
  const why = reasons(lock, wanted, options.renew)
  const solvers = solverPool(options)
  const settled = new Map<string, Promise<PackageSet>>()
  const settle = async (set: WantedSet): Promise<PackageSet> => {
    const base = set.base === undefined ? undefined : await settled.get(set.base)
    if (base) requireLeavable(set, base)
    const kept = lock?.sets[set.name]
    const reason = why.get(set.group)
    if (kept && reason === undefined) return kept
    options.onResolve(set.name, reason ?? notInLock)
    return resolveSet(set, solvers, options.signal)
  }
  const sets = await mapLimited(wanted, resolvedAtOnce, async (set) => {
    const result = settle(set)
    settled.set(set.name, result)
    return [set.name, await result] as const
  })
  const isKept = lock && sets.every(([name, set]) => isDeepStrictEqual(set, lock.sets[name]))
  return {
    schema: 'kiln.lock/v1',
    kiln: isKept ? lock.kiln : options.kilnVersion,
    sets: Object.fromEntries(sets),
    bases: {},
  }
}

/** Group → why it is resolved anew. */
function reasons(
  lock: Lock | undefined,
  wanted: readonly WantedSet[],
  renew: boolean,
): ReadonlyMap<string, string> {
  const stale = new Map(staleSets(lock, wanted).map(({ name, why }) => [name, why]))
  const groups = new Map<string, string>()
  for (const { name, group } of wanted) {
    const reason = stale.get(name) ?? (renew ? 'renewed' : undefined)
    if (reason !== undefined && !groups.has(group)) groups.set(group, reason)
  }
  return groups
}

/** @throws KilnError E-PACKAGE-REQUIRED where the set beneath has what is to be left out: it would be there all the same */
function requireLeavable({ request, base: name }: WantedSet, base: PackageSet): void {
  const has = new Set(base.packages.map((locked) => locked.name))
  const subjects = request.exclude.filter((excluded) => has.has(excluded))
  if (subjects.length === 0) return
  throw new KilnError(
    'E-PACKAGE-REQUIRED',
    `${subjects.join(', ')} cannot be left out: it is an essential package of ${request.suite}, or one of those needs it (${name})`,
    { subjects, hint: 'take it out of packages.remove in kiln.yaml' },
  )
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
    epoch: solver.epoch,
    packages: await solver.solve(set.request, signal),
  }
}

import type { Generation, NodeRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { bootFacts } from '../boot-facts.ts'
import { configFiles, sourcesOf } from '../cloud-config/sources.ts'
import { type Host, HostError } from '../host/host.ts'
import { exists, readIfThere } from '../host/tree.ts'
import { paths } from '../initramfs/paths.ts'
import type { LoaderEntry } from '../lifecycle/boot-loader.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { findNodeDisk, type NodeDisk } from '../lifecycle/node-disk.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { readRecord } from '../lifecycle/record-file.ts'
import { readRelease } from '../release-file.ts'
import { version } from '../version.ts'
import { partitionStates } from './partitions.ts'

/** Sentinels of the field, and the modes they stand for. */
const modes = {
  live_mode: 'live',
  active_mode: 'active',
  passive_mode: 'passive',
  recovery_mode: 'recovery',
} as const

/** The field's words for them. */
const fieldBoots: Readonly<Record<string, string>> = {
  live: 'livecd_boot',
  active: 'active_boot',
  passive: 'passive_boot',
  recovery: 'recovery_boot',
}

/** A generation, with what only the running system knows. */
export interface GenerationState extends Generation {
  readonly running: boolean
  readonly triesLeft?: number
}

/**
 * All that this node knows of itself: how it booted, its generations, its disk. Reads only. What cannot be known, e.g. by an
 * ordinary user, is left out; `problems` says why.
 */
export function nodeState(host: Host) {
  const facts = bootFacts(host)
  const release = readRelease(host)
  const mode = bootMode(host)
  const problems: string[] = []
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof AgentError || error instanceof HostError)) throw error
      problems.push(error.message)
      return undefined
    }
  }
  const isInstalled = facts !== undefined && facts.mode !== 'live'
  const disk = isInstalled ? attempt(() => findNodeDisk(host)) : undefined
  const record = disk && attempt(() => readRecord(host, disk.state))
  const entries = disk && attempt(() => loaderEntries(host, disk))
  const partitions: Partial<ReturnType<typeof partitionStates>> = disk ? partitionStates(host, disk) : {}
  return {
    schema: 'kiln.state/v1',
    agent: version,
    mode,
    /** As the field has it. */
    boot: fieldBoots[mode] ?? 'unknown',
    uuid: readIfThere(host, '/etc/machine-id')?.trim(),
    kairos: fieldRelease(release),
    generation: facts?.generation,
    slot: facts?.slot,
    started: facts,
    generations: generationStates(record, facts?.generation, entries),
    operation: record?.operation,
    lastFailure: record?.lastFailure,
    keep: record?.keep,
    bootLoader: entries && { entries, ...record?.bootLoader },
    disk: disk && { device: disk.device },
    ...partitions,
    recovery: { found: record?.recovery !== undefined, ...record?.recovery },
    release,
    configs: sourcesOf('').flatMap((folder) => configFiles(host, folder)),
    problems,
  }
}
export type NodeState = ReturnType<typeof nodeState>

/** The partition is mounted for it, which must not meet an operation that does the same. */
function loaderEntries(host: Host, disk: NodeDisk): readonly LoaderEntry[] {
  const noPatience = 0
  const read = () => withLoader(host, disk, 'read', (loader) => loader.entries())
  return withLifecycleLock(host, 'state', read, noPatience)
}

function generationStates(
  record: NodeRecord | undefined,
  running: unknown,
  entries: readonly LoaderEntry[] = [],
): GenerationState[] | undefined {
  return record?.generations.map((generation) => {
    const entry = entries.find((each) => each.generation === generation.number)
    const tries = entry?.triesLeft === undefined ? {} : { triesLeft: entry.triesLeft }
    return { ...generation, running: generation.number === running, ...tries }
  })
}

export function bootMode(host: Pick<Host, 'stat'>): string {
  const sentinel = Object.entries(modes).find(([name]) => exists(host, `${paths.sentinels}/${name}`))
  return sentinel?.[1] ?? 'unknown'
}

/** `KAIROS_FLAVOR_RELEASE` is `kairos.flavor_release` for the field. */
function fieldRelease(release: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(release).filter(([key]) => key.startsWith('KAIROS_'))
  return Object.fromEntries(own.map(([key, value]) => [key.slice('KAIROS_'.length).toLowerCase(), value]))
}

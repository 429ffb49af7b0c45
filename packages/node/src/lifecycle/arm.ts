import {
  arm,
  findGeneration,
  finishOperation,
  type Generation,
  type NewGeneration,
  type NodeRecord,
  newestGeneration,
  type Payload,
  type RecordedImage,
  setRecovery,
} from '@kiln/contract'
import { type BootLoader, triesOfNew } from './boot-loader.ts'
import { commandLineOf, type GrubOptions, readGrubOptions } from './command-line.ts'
import { changeRecord, type Node, timestamp } from './node.ts'
import { requireBootFiles } from './stage-boot-files.ts'

/** A slot that shall be started, whole and verified on COS_STATE, its boot files on the EFI partition. */
export interface StagedSlot {
  readonly slot: string
  readonly payload: Payload
  /** Where it came from, for the record. */
  readonly source: string
  /** The generation whose slot it is, for a rollback. */
  readonly rolledBackTo?: number
}

/**
 * Makes a new generation of a slot, which the next boot tries. Two writes: the record, and the loader's one that counts. Broken off at any point and repeated, the result is the same: a generation that is
 * in the record and was not armed yet is taken up again.
 * @param tries before the loader falls back
 * @throws AgentError slot-damaged before anything is changed
 */
export function armGeneration(
  node: Node,
  loader: BootLoader,
  staged: StagedSlot,
  tries: number = triesOfNew,
): Generation {
  const { slot, payload } = staged
  requireBootFiles(loader, slot, payload)
  const fresh = newGeneration(node, staged)
  const record = changeRecord(node, (before) =>
    unfinishedArming(before, loader, fresh) ? before : arm(before, fresh),
  )
  const generation = newestGeneration(record)
  if (!generation) throw new Error('a record without the generation that was just put into it')
  loader.arm(entryOf(generation, payload, readGrubOptions(node.host)), tries)
  return generation
}

/**
 * Makes a slot the recovery system. The loader's one write comes first, the record last.
 * @throws AgentError slot-damaged before anything is changed
 */
export function replaceRecovery(node: Node, loader: BootLoader, staged: StagedSlot): NodeRecord {
  const { slot, payload, source } = staged
  const { image, made } = newGeneration(node, staged)
  requireBootFiles(loader, slot, payload)
  const cmdline = commandLineOf(payload, readGrubOptions(node.host), 'recovery')
  loader.setRecovery({ slot, title: `${titleOf(image)} recovery`, cmdline })
  return changeRecord(node, (record) => {
    if (record.recovery?.slot === slot) return record
    return setRecovery(record, { slot, image, source, made })
  })
}

/** The newest generation has this slot, and no boot entry yet: writing it was broken off. */
function unfinishedArming(record: NodeRecord, loader: BootLoader, { slot }: NewGeneration): boolean {
  const newest = newestGeneration(record)
  if (newest?.status !== 'armed' || newest.slot !== slot) return false
  const entry = loader.entries().find(({ generation }) => generation === newest.number)
  return entry === undefined || entry.triesDone === undefined || entry.triesDone === 0
}

function newGeneration(node: Node, { slot, payload, source, rolledBackTo }: StagedSlot): NewGeneration {
  return {
    slot,
    image: imageOf(payload),
    source,
    made: timestamp(node.host),
    ...(rolledBackTo === undefined ? {} : { rolledBackTo }),
  }
}

/** What the record keeps of a payload's identity. */
export function imageOf({ image }: Payload): RecordedImage {
  const { name, version, flavor, flavorRelease, arch, device, variant } = image
  return { name, version, flavor, flavorRelease, arch, device, variant }
}

export function entryOf(generation: Generation, payload: Payload, options: GrubOptions = {}) {
  const cmdline = commandLineOf(payload, options, 'active')
  const { number, slot, image } = generation
  return { generation: number, slot, title: `${titleOf(image)} (generation ${number})`, cmdline }
}

export function titleOf({ name, version }: RecordedImage): string {
  return `${name} ${version}`
}

/**
 * An operation that was about a generation is over when it is known what became of it. One that was broken off right after
 * arming does not name its generation yet, only its slot.
 */
export function finishOperationOf(record: NodeRecord, generation: number): NodeRecord {
  const { operation } = record
  if (operation?.kind !== 'upgrade' && operation?.kind !== 'rollback') return record
  const named = operation.detail?.generation
  const slot = findGeneration(record, generation)?.slot
  const isAboutIt = named === undefined ? slot !== undefined && operation.slot === slot : named === generation
  return isAboutIt ? finishOperation(record) : record
}

import * as z from 'zod/mini'
import { crc32Text } from './crc32.ts'

/**
 * What a node knows of its generations. Kept on COS_STATE in two copies, `kiln/record.0.json` and `kiln/record.1.json`; each
 * says its checksum. Loose everywhere: after a fallback, an older agent reads what a newer one wrote, and keeps it.
 */
const RecordedImage = z.looseObject({
  name: z.string(),
  version: z.string(),
  flavor: z.string(),
  flavorRelease: z.string(),
  arch: z.string(),
  device: z.string(),
  variant: z.string(),
})
export type RecordedImage = z.infer<typeof RecordedImage>

/** 64 hex digits: the dm-verity root hash, which is also the name of the folder. */
const Slot = z.string().check(z.regex(/^[0-9a-f]{64}$/))
/** RFC 3339 with the node's clock, which may be wrong. Order comes from numbers, never from this. */
const Time = z.string()

const Failure = z.looseObject({ reason: z.string(), at: Time, detail: z.optional(z.string()) })
export type GenerationFailure = z.infer<typeof Failure>

const Generation = z.looseObject({
  /** From 1; only grows, is never given again. */
  number: z.int().check(z.positive()),
  slot: Slot,
  image: RecordedImage,
  /** Where the payload came from: `oci:…`, `file:…`, `generation:<n>` for a rollback, `recovery` for a reset. */
  source: z.string(),
  made: Time,
  /** armed: not started yet; trial: started, health not known; good: healthy once; bad: given up. */
  status: z.enum(['armed', 'trial', 'good', 'bad']),
  rolledBackTo: z.optional(z.number()),
  failure: z.optional(Failure),
})
export type Generation = z.infer<typeof Generation>

const RecoverySystem = z.looseObject({ slot: Slot, image: RecordedImage, source: z.string(), made: Time })
export type RecoverySystem = z.infer<typeof RecoverySystem>

/** What is going on, so that it can be taken up again after a power cut. */
const Operation = z.looseObject({
  id: z.string(),
  kind: z.enum(['install', 'upgrade', 'upgrade-recovery', 'rollback', 'reset', 'boot-loader']),
  phase: z.string(),
  started: Time,
  source: z.optional(z.string()),
  /** The slot that is being written: not pruned meanwhile. */
  slot: z.optional(Slot),
  detail: z.optional(z.record(z.string(), z.unknown())),
  /** Why its last attempt ended; it can be taken up again. */
  failure: z.optional(Failure),
})
export type Operation = z.infer<typeof Operation>

const LastFailure = z.extend(Failure, { generation: z.optional(z.number()) })

const NodeRecord = z.looseObject({
  schema: z.literal('kiln.node/v1'),
  /** Of the copies, the highest one whose checksum holds counts. Set by whoever writes. */
  sequence: z.int().check(z.nonnegative()),
  /** By number. */
  generations: z.array(Generation),
  recovery: z.optional(RecoverySystem),
  /** The one that the disk starts with, once it was renewed; before, it is that of the first generation. */
  bootLoader: z.optional(z.looseObject({ version: z.string() })),
  operation: z.optional(Operation),
  lastFailure: z.optional(LastFailure),
  /** How many good generations stay, at least 2. */
  keep: z.int().check(z.minimum(2)),
})
export type NodeRecord = z.infer<typeof NodeRecord>

/** File names of the two copies, below `kiln/` on COS_STATE. */
export const recordFiles = ['record.0.json', 'record.1.json'] as const

export function emptyRecord(keep = 2): NodeRecord {
  return { schema: 'kiln.node/v1', sequence: 0, generations: [], keep: Math.max(2, keep) }
}

/** `{"crc32": "<8 hex digits>", "record": {…}}`; the checksum is of the record as compact JSON in UTF-8. */
export function serialiseRecord(record: NodeRecord): string {
  const text = JSON.stringify(record)
  return `{"crc32":"${crc32Text(text)}","record":${text}}\n`
}

export type ReadRecord = { readonly record: NodeRecord } | { readonly problem: string }

/** The other way round. A torn or changed copy is a problem, never an exception. */
export function parseRecord(text: string): ReadRecord {
  let content: { readonly crc32?: unknown; readonly record?: unknown } | null
  try {
    content = JSON.parse(text)
  } catch {
    return { problem: 'is not JSON' }
  }
  const compact = JSON.stringify(content?.record)
  if (compact === undefined || content?.crc32 !== crc32Text(compact)) {
    return { problem: 'does not match its checksum' }
  }
  const result = z.safeParse(NodeRecord, content.record)
  if (result.success) return { record: result.data }
  return { problem: `has another form: ${z.prettifyError(result.error)}` }
}

/** The newest copy that is whole. @param texts of the copies; undefined where there is none */
export function newestRecord(texts: readonly (string | undefined)[]): NodeRecord | undefined {
  const records = texts.flatMap((text) => {
    const read = text === undefined ? { problem: 'is not there' } : parseRecord(text)
    return 'record' in read ? [read.record] : []
  })
  return records.toSorted((a, b) => b.sequence - a.sequence).at(0)
}

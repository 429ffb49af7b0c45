import {
  arm,
  bless,
  emptyRecord,
  type Payload,
  recordFiles,
  serialiseRecord,
  setRecovery,
} from '@kiln/contract'

export interface RecordOptions {
  readonly payload: Payload
  /** File name of the disk image. */
  readonly file: string
  readonly keep: number
  /** Seconds since 1970. */
  readonly epoch: number
}

/**
 * The record of a node that starts from the image: one generation, and recovery from the same slot. It counts as good:
 * there is nothing older that the machine could fall back to, and whoever makes an image tries it before.
 * @returns path on COS_STATE → text, of both copies
 */
export function recordCopies({ payload, file, keep, epoch }: RecordOptions): Record<string, string> {
  const origin = {
    slot: payload.root.rootHash,
    image: payload.image,
    source: `file:${file}`,
    made: new Date(epoch * 1000).toISOString(),
  }
  const record = setRecovery(bless(arm(emptyRecord(keep), origin), 1), origin)
  return Object.fromEntries(
    recordFiles.map((name, index) => [`/kiln/${name}`, serialiseRecord({ ...record, sequence: index + 1 })]),
  )
}

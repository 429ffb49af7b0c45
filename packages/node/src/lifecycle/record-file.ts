import { type NodeRecord, newestRecord, parseRecord, recordFiles, serialiseRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

type Files = Pick<Host, 'readText' | 'writeAtomic' | 'mkdir' | 'flush'>

/** Folder of the agent's own files on COS_STATE. */
const folder = 'kiln'

/**
 * The record, from two copies: a power cut can spoil only the one that is being written.
 * @param state folder where COS_STATE is mounted
 * @returns undefined where there never was one
 * @throws AgentError record-damaged where no copy is whole
 */
export function readRecord(host: Pick<Host, 'readText'>, state: string): NodeRecord | undefined {
  const texts = recordFiles.map((file) => readIfThere(host, `${state}/${folder}/${file}`))
  const record = newestRecord(texts)
  if (record || texts.every((text) => text === undefined)) return record
  const problems = texts.flatMap((text, index) => {
    const read = text === undefined ? undefined : parseRecord(text)
    return read && 'problem' in read ? [`${recordFiles[index]} ${read.problem}`] : []
  })
  throw new AgentError('record-damaged', problems.join('; '))
}

/**
 * Writes over the older copy, so that the newer one stays whole until this one is on the disk.
 * @param state folder where COS_STATE is mounted, writable
 * @returns the record as it was written, with its new sequence
 */
export function writeRecord(host: Files, state: string, record: NodeRecord): NodeRecord {
  const sequences = recordFiles.map((file) => {
    const text = readIfThere(host, `${state}/${folder}/${file}`)
    const read = text === undefined ? undefined : parseRecord(text)
    return read && 'record' in read ? read.record.sequence : -1
  })
  const [first = -1, second = -1] = sequences
  const next = { ...record, sequence: Math.max(first, second, record.sequence) + 1 }
  const file = recordFiles[first <= second ? 0 : 1]
  host.mkdir(`${state}/${folder}`, { recursive: true })
  host.flush(state)
  host.writeAtomic(`${state}/${folder}/${file}`, serialiseRecord(next), { mode: 0o600 })
  return next
}

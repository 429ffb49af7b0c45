import {
  type EntryName,
  entryFile,
  entryId,
  grubPaths,
  labels,
  type NodeRecord,
  newestRecord,
  parseEntryName,
  recordFiles,
  recoveryId,
} from '@kiln/contract'
import { HostError } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { hasEfi, setOneShot } from '../lifecycle/efi-variables.ts'
import { readGrubState, writeGrubState } from '../lifecycle/grub-files.ts'
import { chooseBeside, devicePath } from './devices.ts'
import type { Session } from './execute.ts'
import { paths } from './paths.ts'

const espMount = '/run/kiln/esp'

/**
 * A generation that was good once is started again and again by the loader, though its slot may be damaged by now. So the
 * next start is asked to be another one, once; it then decides what becomes of this one.
 */
export function tryAnother(session: Session): void {
  const { host, booted } = session
  const entry = booted.entry === undefined ? undefined : parseEntryName(booted.entry)
  const texts = recordFiles.map((file) => readIfThere(host, `${paths.statePartition}/kiln/${file}`))
  const other = entry && otherEntry(entry, newestRecord(texts))
  if (other === undefined) return
  try {
    if (hasEfi(host)) setOneShot(host, entryFile(other.generation))
    else askGrub(session, other.generation === undefined ? recoveryId : entryId(other.generation))
    host.print(`kiln: the next start takes ${other.id}\n`)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    session.notes.push(`the next start is the same again: ${error.message}`)
  }
}

/**
 * What to start in place of an entry that failed; undefined where the loader counts by itself, or nothing else is left.
 * @param record undefined where COS_STATE could not be read: then there is still recovery to try
 */
export function otherEntry(failed: EntryName, record: NodeRecord | undefined): EntryName | undefined {
  const { generation } = failed
  if (generation === undefined || failed.triesLeft !== undefined) return undefined
  const own = record?.generations.find(({ number }) => number === generation)
  if (own && own.status !== 'good') return undefined
  const older = record?.generations.findLast(
    ({ number, status, slot }) => status === 'good' && number < generation && slot !== own?.slot,
  )
  return older ? { id: entryId(older.number), generation: older.number } : { id: recoveryId }
}

/** Only bytes of a file that is there are changed, so it does not matter whether the file system is clean. */
function askGrub(session: Session, id: string): void {
  const { host } = session
  const esp = chooseBeside(session.devices, labels.esp, session.medium)
  if (!esp) return
  host.mkdir(espMount, { recursive: true })
  host.mount({ source: devicePath(esp), target: espMount, type: 'vfat' })
  try {
    const isThere = readIfThere(host, `${espMount}/${grubPaths.environment}`) !== undefined
    if (isThere) writeGrubState(host, espMount, { ...readGrubState(host, espMount), once: id })
  } finally {
    host.unmount(espMount)
  }
}

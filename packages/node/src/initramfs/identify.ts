import { type NodeRecord, newestGeneration, newestRecord, parseEntryName, recordFiles } from '@kiln/contract'
import { HostError } from '../host/host.ts'
import { exists, readIfThere } from '../host/tree.ts'
import { loaderVariable } from '../lifecycle/efi-variables.ts'
import { erasedByReset } from '../lifecycle/reset-phases.ts'
import type { Session } from './execute.ts'
import { paths } from './paths.ts'
import type { BootMode } from './plan.ts'

/** As what a system was started. */
export interface BootedAs {
  readonly mode: BootMode
  /** Name of the boot entry as the loader had it: `kiln-5+3.conf`, `kiln-recovery`. */
  readonly entry?: string
  readonly generation?: number
}

/** Only what the loader says; the rest comes with the record. It is kept for a report, should the boot fail before. */
export function readFirmware(session: Session): void {
  const { host } = session
  if (exists(host, '/sys/firmware/efi')) {
    try {
      host.mount({
        source: 'efivarfs',
        target: paths.efiVariables,
        type: 'efivarfs',
        flags: ['nosuid', 'nodev', 'noexec'],
      })
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      session.notes.push(`variables of the firmware: ${error.message}`)
    }
  }
  session.loaderPartition = loaderVariable(host, 'LoaderDevicePartUUID')?.toUpperCase()
  const entry = session.booted.entry ?? loaderVariable(host, 'LoaderEntrySelected')
  session.booted = bootedAs(entry, undefined, undefined).booted
}

/** Which generation runs: needed for the sentinels that stages look at. A record that cannot be read stops no boot. */
export function identify(session: Session, slot: string): void {
  const texts = recordFiles.map((file) => readIfThere(session.host, `${paths.statePartition}/kiln/${file}`))
  const record = newestRecord(texts)
  const { booted, note } = bootedAs(session.booted.entry, slot, record)
  session.booted = booted
  session.beingErased = erasedByReset(record)
  if (note !== undefined) session.notes.push(note)
}

/**
 * @param entry as the loader has it; undefined where the loader does not say, e.g. a kernel that was started by hand
 * @param slot that runs
 * @param record of the node; undefined before it is known, or where there is none
 */
export function bootedAs(
  entry: string | undefined,
  slot: string | undefined,
  record: NodeRecord | undefined,
): { readonly booted: BootedAs; readonly note?: string } {
  const name = entry === undefined ? undefined : parseEntryName(entry)
  const own = name && entry !== undefined ? { entry } : {}
  if (name && name.generation === undefined) return { booted: { mode: 'recovery', ...own } }
  const named = record?.generations.find(({ number }) => number === name?.generation)
  const isSame = record === undefined || slot === undefined || named?.slot === slot
  if (name?.generation !== undefined && isSame) {
    const { generation } = name
    return { booted: { mode: modeOf(generation, record), ...own, generation } }
  }
  const bySlot = record?.generations.findLast((generation) => generation.slot === slot)
  const note = name ? `the entry ${entry} does not start what the record says` : undefined
  const booted: BootedAs = bySlot
    ? { mode: modeOf(bySlot.number, record), ...own, generation: bySlot.number }
    : { mode: 'active', ...own }
  return { booted, ...(note === undefined ? {} : { note }) }
}

function modeOf(generation: number, record: NodeRecord | undefined): BootMode {
  const newest = record && newestGeneration(record)
  return newest && newest.number > generation ? 'passive' : 'active'
}

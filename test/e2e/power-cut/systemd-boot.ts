import { entryFile, espPaths, parseEntryName, recoveryId, slotOfEntry, ukiPath } from '@kiln/contract'
import { type EspFacts, textOf } from './facts.ts'
import type { Loader, Start } from './loader.ts'

/**
 * Which entry systemd-boot takes. Source: src/boot/boot.c of systemd 257: boot_entry_add_type1 (no entry without its program),
 * boot_entry_compare, boot_entry_bump_counters, config_select_default_entry.
 */
export interface SystemdBootState {
  /** The entries' tries left, by their first file name; undefined where nothing is counted. */
  readonly triesLeft: Readonly<Record<string, number | undefined>>
  /** The variable LoaderEntryOneShot, in lower case. */
  readonly once?: string
}

interface Entry extends Omit<Start, 'isCounted'> {
  /** In lower case. */
  readonly file: string
  readonly sortKey: string
  readonly version: string
  readonly triesLeft?: number
}

export function systemdBoot(esp: EspFacts): Loader<SystemdBootState> {
  const entries = Object.keys(esp.files).flatMap((path) => readEntry(esp, path))
  const triesOf = (state: SystemdBootState, { file }: Entry) => state.triesLeft[file]
  const toStart = ({ id, generation, slot }: Entry, isCounted: boolean): Start => ({
    id,
    ...(generation === undefined ? {} : { generation }),
    slot,
    isCounted,
  })
  const recovery = entries.find(({ id }) => id === recoveryId)
  return {
    first: { triesLeft: Object.fromEntries(entries.map(({ file, triesLeft }) => [file, triesLeft])) },
    start: (state) => {
      const byOrder = entries.toSorted(
        (a, b) => Number(triesOf(state, a) === 0) - Number(triesOf(state, b) === 0) || compareEntries(a, b),
      )
      const chosen = byOrder.find(({ file }) => file === state.once) ?? byOrder[0]
      if (!chosen) return { start: undefined, next: { triesLeft: state.triesLeft } }
      const left = triesOf(state, chosen)
      const isCounted = left !== undefined && left > 0
      const triesLeft = isCounted ? { ...state.triesLeft, [chosen.file]: left - 1 } : state.triesLeft
      return { start: toStart(chosen, isCounted), next: { triesLeft } }
    },
    askFor: (state, id) => {
      const { generation } = parseEntryName(id) ?? {}
      return { ...state, once: entryFile(generation).toLowerCase() }
    },
    recovery: recovery && toStart(recovery, false),
  }
}

function readEntry(esp: EspFacts, path: string): Entry[] {
  const folder = `${espPaths.entries}/`.toLowerCase()
  const file = path.startsWith(folder) ? path.slice(folder.length) : ''
  const name = file.endsWith('.conf') ? parseEntryName(file) : undefined
  const text = textOf(esp.files, path)
  const slot = text === undefined ? undefined : slotOfEntry(text)
  if (!name || text === undefined || slot === undefined) return []
  if (!esp.files[ukiPath(slot).toLowerCase()]) return []
  const { id, generation, triesLeft } = name
  return [
    {
      id,
      ...(generation === undefined ? {} : { generation }),
      ...(triesLeft === undefined ? {} : { triesLeft }),
      file,
      slot,
      sortKey: lineOf(text, 'sort-key'),
      version: lineOf(text, 'version'),
    },
  ]
}

function lineOf(text: string, key: string): string {
  return text.match(new RegExp(`^${key}\\s+(.*)$`, 'm'))?.[1]?.trim() ?? ''
}

/** By sort key (entries without one come last), then the newest version, then the last name. */
function compareEntries(a: Entry, b: Entry): number {
  return (
    Number(a.sortKey === '') - Number(b.sortKey === '') ||
    compareText(a.sortKey, b.sortKey) ||
    compareVersions(b.version, a.version) ||
    compareVersions(b.file, a.file)
  )
}

/** Numbers in it count as such, which is all that our versions need. */
function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

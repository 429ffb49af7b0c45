import {
  crc32Text,
  type GrubVariables,
  grubGenerationPath,
  grubPaths,
  grubRecoveryPath,
  grubSlotPath,
  parseEntryName,
  parseGrubEnv,
  recoveryId,
} from '@kiln/contract'
import { type EspFacts, textOf } from './facts.ts'
import type { Loader, Start } from './loader.ts'

/**
 * What GRUB starts by the menu of grub-menu.ts in the contract, and by its own rules: an entry that is not in the menu means the
 * first one (grub-core/normal/menu.c, run_menu); where loading fails, the next of `fallback` is tried.
 */
export interface GrubChoice {
  readonly trial: string
  readonly tries: string
  readonly once: string
}

interface Entry extends Omit<Start, 'isCounted'> {
  readonly canLoad: boolean
}

export function grub(esp: EspFacts): Loader<GrubChoice> {
  const text = textOf(esp.files, grubPaths.environment)
  const variables = (text === undefined ? undefined : parseGrubEnv(text)) ?? {}
  const { good = '', trial = '', tries = '', once = '' } = variables
  const menu = readMenu(esp, variables)
  const recovery = menu.find(({ id }) => id === recoveryId)
  return {
    first: { trial, tries, once },
    start: (state) => startFirst(menu, plan(state, good), state),
    askFor: (state, id) => ({ ...state, once: id }),
    recovery: recovery && toStart(recovery, false),
  }
}

/** What the menu puts into `default` and `fallback`: an id, and places in the menu. */
function plan({ trial, tries, once }: GrubChoice, good: string): { wanted: string; fallback: number[] } {
  if (once !== '') return { wanted: once, fallback: [0, 1] }
  if (trial !== '' && isCounting(tries)) return { wanted: `kiln-${trial}`, fallback: [0, 1] }
  return good === '' ? { wanted: recoveryId, fallback: [0] } : { wanted: `kiln-${good}`, fallback: [1] }
}

function isCounting(tries: string): boolean {
  return ['1', '2', '3'].includes(tries)
}

function startFirst(
  menu: readonly Entry[],
  { wanted, fallback }: ReturnType<typeof plan>,
  state: GrubChoice,
): ReturnType<Loader<GrubChoice>['start']> {
  const first = menu.find(({ id }) => id === wanted) ?? menu[0]
  let next: GrubChoice = { ...state, once: '' }
  for (const entry of [first, ...fallback.map((place) => menu[place])]) {
    if (!entry) continue
    const isCounted = String(entry.generation) === next.trial && isCounting(next.tries)
    if (isCounted) next = { ...next, tries: String(Number(next.tries) - 1) }
    if (entry.canLoad) return { start: toStart(entry, isCounted), next }
  }
  return { start: undefined, next }
}

function toStart({ canLoad: _canLoad, ...entry }: Entry, isCounted: boolean): Start {
  return { ...entry, isCounted }
}

/** In its order: the good one, recovery, all others. */
function readMenu(esp: EspFacts, { good = '', list = '', recovery = '' }: GrubVariables): Entry[] {
  if (!hasMenu(esp)) return []
  const others = list.split(' ').filter((number) => number !== '' && number !== good)
  const paths = [
    ...(good === '' ? [] : [grubGenerationPath(Number(good))]),
    ...(recovery === '' ? [] : [grubRecoveryPath(recovery)]),
    ...others.map((number) => grubGenerationPath(Number(number))),
  ]
  return paths.flatMap((path) => readEntry(esp, path))
}

/** The configuration leads to a menu whose name says its checksum. */
function hasMenu(esp: EspFacts): boolean {
  const path = textOf(esp.files, grubPaths.config)?.match(/^configfile \/(\S+)$/m)?.[1]
  const menu = path === undefined ? undefined : textOf(esp.files, path.toLowerCase())
  return menu !== undefined && (path?.includes(crc32Text(menu)) ?? false)
}

function readEntry(esp: EspFacts, path: string): Entry[] {
  const text = textOf(esp.files, path.toLowerCase()) ?? ''
  const id = text.match(/^menuentry .* --id (\S+) \{$/m)?.[1]
  const slot = text.match(/^ *linux \/kiln\/([0-9a-f]{64})\/kernel /m)?.[1]
  const name = id === undefined ? undefined : parseEntryName(id)
  if (!name || slot === undefined || !text.trimEnd().endsWith('}')) return []
  const { generation } = name
  const canLoad = ['kernel', 'initramfs'].every((file) => {
    const fact = esp.files[`${grubSlotPath(slot)}/${file}`]
    return fact !== undefined && fact.problem === undefined
  })
  return [{ id: name.id, ...(generation === undefined ? {} : { generation }), slot, canLoad }]
}

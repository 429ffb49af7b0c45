import {
  espPaths,
  type Generation,
  grubSlotPath,
  lastGood,
  type NodeRecord,
  newestRecord,
  Payload,
  parseEntryName,
  partitionNames,
  recordFiles,
  ukiPath,
} from '@kiln/contract'
import { otherEntry } from '@kiln/node/initramfs/fallback'
import { erasedByReset } from '@kiln/node/lifecycle/reset-phases'
import { bootCodeFingerprint, coreFingerprint } from './bios.ts'
import { type DiskFacts, textOf } from './facts.ts'
import { grub } from './grub.ts'
import type { Loader, Start } from './loader.ts'
import { systemdBoot } from './systemd-boot.ts'

export interface VerdictOptions {
  readonly firmware: 'uefi' | 'bios'
  /** Boot loaders that are known to be whole, beside those that a slot on the disk has: see {@link loaderOf}. */
  readonly loaders?: readonly string[]
}

export interface BootVerdict {
  /** What the machine ends on without a hand; undefined where it is bricked. */
  readonly boots: Start | undefined
  /** Why it is bricked. */
  readonly reason?: string
  /** The firmware finds nothing to start, so that it goes on with the next disk or medium. */
  readonly isVacant: boolean
  /** What it tried before. */
  readonly attempts: readonly { readonly id: string; readonly reason: string }[]
  /** What starts, but should not be so: damage that the next operation, or the next fallback, would meet. */
  readonly problems: readonly string[]
  /** No damage yet: what is to be mended on the EFI partition before anything is written to it. */
  readonly hazards: readonly string[]
  readonly record: NodeRecord | undefined
  readonly recovery: Start | undefined
  /** The boot loader that the disk starts with. */
  readonly loader: string
}

/** More starts than three generations on trial need. */
const patience = 16

/** What becomes of a machine with such a disk when it is switched on. Pure. */
export function bootVerdict(facts: DiskFacts, options: VerdictOptions): BootVerdict {
  const { esp, state, table, others } = facts
  const record = newestRecord(recordFiles.map((file) => textOf(state.files, `kiln/${file}`)))
  const loader = options.firmware === 'uefi' ? systemdBoot(esp) : grub(esp)
  const known = [...(options.loaders ?? []), ...loadersOfSlots(facts, options.firmware)]
  const own = loaderOf(facts, options.firmware)
  const stop = table.problem ?? loaderProblem(own, facts, options.firmware, known)
  const outcome =
    stop === undefined ? follow(loader as Loader<unknown>, facts, options, record) : nothing(stop)
  const damage = [
    ...(esp.problem === undefined ? [] : [`EFI partition: ${esp.problem}`]),
    ...(state.problem === undefined ? [] : [`COS_STATE: ${state.problem}`]),
    ...Object.entries(others)
      // Nothing goes on before it is made anew.
      .filter(([name]) => name !== erasedName(record))
      .map(([name, problem]) => `${name}: ${problem}`),
    ...(record ? [] : ['no copy of the record is whole']),
    ...recoveryProblems(loader.recovery, facts, options, record),
    ...fallbackProblems(record, facts, options),
  ]
  return {
    ...outcome,
    isVacant: options.firmware === 'uefi' ? own === '' : facts.hasNoBootCode,
    problems: [...new Set(damage)],
    hazards: esp.hazards.map((hazard) => `EFI partition: ${hazard}`),
    record,
    recovery: loader.recovery,
    loader: own,
  }
}

function erasedName(record: NodeRecord | undefined): string | undefined {
  const role = erasedByReset(record)
  return role && partitionNames[role]
}

type Outcome = Pick<BootVerdict, 'boots' | 'reason' | 'attempts'>

function nothing(reason: string, attempts: Outcome['attempts'] = []): Outcome {
  return { boots: undefined, reason, attempts }
}

/** Switches the machine on again and again, until it runs or does the same for ever. */
function follow<State>(
  loader: Loader<State>,
  facts: DiskFacts,
  options: VerdictOptions,
  record: NodeRecord | undefined,
): Outcome {
  const attempts: { id: string; reason: string }[] = []
  let state = loader.first
  for (let tried = 0; tried < patience; tried++) {
    const { start, next } = loader.start(state)
    if (!start) return nothing('the boot loader has no entry', attempts)
    const reason = kernelProblem(start.slot, facts, options) ?? slotProblem(start.slot, facts)
    if (reason === undefined) return { boots: start, attempts }
    attempts.push({ id: start.id, reason })
    const asked = kernelProblem(start.slot, facts, options) ? undefined : askedFor(start, record)
    const after = asked === undefined ? next : loader.askFor(next, asked)
    if (JSON.stringify(after) === JSON.stringify(state)) break
    state = after
  }
  const last = attempts.at(-1)
  return nothing(`${last?.id} is started for ever: ${last?.reason}`, attempts)
}

/** The initramfs of a good generation that fails asks for another one. */
function askedFor({ id, isCounted }: Start, record: NodeRecord | undefined): string | undefined {
  const name = parseEntryName(id)
  return name && !isCounted ? otherEntry(name, record)?.id : undefined
}

function readCard(slot: string, { state }: DiskFacts): Payload | undefined {
  try {
    const text = textOf(state.files, `slots/${slot}/payload.json`)
    const result = text === undefined ? undefined : Payload.safeParse(JSON.parse(text))
    return result?.success && result.data.root.rootHash === slot ? result.data : undefined
  } catch {
    return undefined
  }
}

/** Why what is on the EFI partition does not start; undefined where it does. */
function kernelProblem(slot: string, facts: DiskFacts, { firmware }: VerdictOptions): string | undefined {
  const card = readCard(slot, facts)
  if (!card) return `slot ${short(slot)} has no card, so its kernel cannot be judged`
  const wanted: readonly (readonly [path: string, digest: string])[] =
    firmware === 'uefi'
      ? [[ukiPath(slot), card.uki.digest]]
      : [
          [`${grubSlotPath(slot)}/kernel`, card.kernel.digest],
          [`${grubSlotPath(slot)}/initramfs`, card.initramfs.digest],
        ]
  const wrong = wanted.find(([path, digest]) => facts.esp.files[path.toLowerCase()]?.digest !== digest)
  if (!wrong) return undefined
  const fact = facts.esp.files[wrong[0].toLowerCase()]
  return `/${wrong[0]} ${fact ? (fact.problem ?? 'is not what it should be') : 'is missing'}`
}

/** Why a slot is not whole; undefined where it is. */
function slotProblem(slot: string, facts: DiskFacts): string | undefined {
  const card = readCard(slot, facts)
  if (!card) return `slot ${short(slot)} has no card`
  const files = [card.root, card.packages, ...card.bootLoader.files]
  const wrong = files.find(
    ({ file, digest }) => facts.state.files[`slots/${slot}/${file}`]?.digest !== digest,
  )
  return wrong && `slot ${short(slot)}: ${wrong.file} is not whole`
}

function recoveryProblems(
  recovery: Start | undefined,
  facts: DiskFacts,
  options: VerdictOptions,
  record: NodeRecord | undefined,
): string[] {
  if (!recovery) return record?.recovery ? ['recovery has no boot entry'] : []
  const reason = kernelProblem(recovery.slot, facts, options) ?? slotProblem(recovery.slot, facts)
  return reason === undefined ? [] : [`recovery: ${reason}`]
}

/** What every fallback ends on must be there. */
function fallbackProblems(
  record: NodeRecord | undefined,
  facts: DiskFacts,
  options: VerdictOptions,
): string[] {
  const good: Generation | undefined = record && lastGood(record)
  const reason = good && (kernelProblem(good.slot, facts, options) ?? slotProblem(good.slot, facts))
  return reason === undefined ? [] : [`generation ${good?.number}, the last good one: ${reason}`]
}

const loaderPath = `${espPaths.loaders}/BOOTX64.EFI`.toLowerCase()

/** What tells boot loaders apart: digests; empty where there is none. */
export function loaderOf({ esp, bios }: DiskFacts, firmware: VerdictOptions['firmware']): string {
  if (firmware === 'uefi') return esp.files[loaderPath]?.digest ?? ''
  return bios ? `${bios.bootCode} ${bios.core}` : ''
}

function loaderProblem(
  own: string,
  { bios }: DiskFacts,
  firmware: VerdictOptions['firmware'],
  known: readonly string[],
): string | undefined {
  if (firmware === 'bios' && !bios) return 'there is no partition for BIOS'
  if (firmware === 'bios' && bios?.problem) return bios.problem
  if (own === '') return `/${loaderPath} is missing or cannot be read`
  return known.includes(own) ? undefined : 'the boot loader is none that is known: it is not whole'
}

/** Loaders that payloads on the disk bring. */
function loadersOfSlots(facts: DiskFacts, firmware: VerdictOptions['firmware']): string[] {
  const slots = Object.keys(facts.state.files).flatMap(
    (path) => path.match(/^slots\/([0-9a-f]{64})\/payload\.json$/)?.[1] ?? [],
  )
  return slots.flatMap((slot) => {
    const wholeFile = (name: string) => {
      const known = readCard(slot, facts)?.bootLoader.files.find(({ file }) => file === name)
      const fact = facts.state.files[`slots/${slot}/${name}`]
      return known && fact?.digest === known.digest ? fact : undefined
    }
    if (firmware === 'uefi') return wholeFile('systemd-boot.efi')?.digest ?? []
    const [boot, core] = [wholeFile('grub-boot.img')?.content, wholeFile('grub-core.img')?.content]
    return boot && core ? `${bootCodeFingerprint(boot)} ${coreFingerprint(core)}` : []
  })
}

function short(slot: string): string {
  return slot.slice(0, 8)
}

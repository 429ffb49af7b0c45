/** How far a machine is, by what it fetched last. */
export type Phase = 'waiting' | 'script' | 'kernel' | 'initramfs' | 'root' | 'config'

export interface MachineState {
  readonly phase: Phase
  /** When it last fetched something: milliseconds since 1970. */
  readonly seen?: number
  readonly from?: string
  /** Who has it. */
  readonly claimedBy?: string
}

export type MachineStates = ReadonlyMap<string, MachineState>

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly machine: string; readonly states: MachineStates }
  /** It had one already: the same. */
  | { readonly kind: 'kept'; readonly machine: string }
  | { readonly kind: 'taken' }
  | { readonly kind: 'unknown' }

const waiting: MachineState = { phase: 'waiting' }

export const initialStates = (names: readonly string[]): MachineStates =>
  new Map(names.map((name) => [name, waiting]))

/**
 * Gives a controller one machine and no other controller the same. Asking again gives the same one.
 * @param wanted a certain machine; otherwise the first that is free
 */
export function claim(states: MachineStates, controller: string, wanted?: string): ClaimResult {
  if (wanted !== undefined && !states.has(wanted)) return { kind: 'unknown' }
  const own = [...states].find(
    ([name, { claimedBy }]) => claimedBy === controller && (wanted === undefined || name === wanted),
  )
  if (own) return { kind: 'kept', machine: own[0] }
  const free = [...states].find(
    ([name, { claimedBy }]) => claimedBy === undefined && (wanted === undefined || name === wanted),
  )
  if (!free) return { kind: 'taken' }
  const [machine, state] = free
  return {
    kind: 'claimed',
    machine,
    states: new Map(states).set(machine, { ...state, claimedBy: controller }),
  }
}

/** @returns undefined where the machine is not that controller's */
export function release(
  states: MachineStates,
  controller: string,
  machine: string,
): MachineStates | undefined {
  const state = states.get(machine)
  if (state?.claimedBy !== controller) return undefined
  const { claimedBy: _before, ...rest } = state
  return new Map(states).set(machine, rest)
}

export function progress(
  states: MachineStates,
  machine: string,
  phase: Phase,
  { from, now }: { readonly from: string; readonly now: number },
): MachineStates {
  const state = states.get(machine) ?? waiting
  return new Map(states).set(machine, { ...state, phase, seen: now, from })
}

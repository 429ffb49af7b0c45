/** What a boot loader starts. */
export interface Start {
  /** `kiln-5` or `kiln-recovery`, without counters. */
  readonly id: string
  readonly generation?: number
  readonly slot: string
  /** Whether the loader counts its tries, so that it is not started for ever. */
  readonly isCounted: boolean
}

/** A boot loader as a machine that only decides; `State` is what of the disk and the firmware it decides by. */
export interface Loader<State> {
  readonly first: State
  /** What the machine starts when it is switched on, and what the state is then. */
  start(state: State): { readonly start: Start | undefined; readonly next: State }
  /** The system asks for another entry, once. */
  askFor(state: State, id: string): State
  /** What recovery is; undefined where there is no entry for it. */
  readonly recovery: Start | undefined
}

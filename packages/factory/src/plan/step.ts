import type { ArtifactFacts, StepKinds } from './step-kinds.ts'

export type * from './params.ts'
export type * from './step-kinds.ts'

export type StepKind = keyof StepKinds

/** Kinds that make nothing: they look at what is there, and nothing but the end of a build waits for them. */
export const checkKinds: ReadonlySet<StepKind> = new Set(['verify-root', 'verify-payload', 'verify'])

/**
 * Inputs that a step has in some plans only. Where an image is of another architecture than this machine, `emulator` runs
 * programs of that one, and `target` are the tools of that one, as files; both are results of `toolchain`. A disk for a board
 * has the `board`.
 */
interface OptionalInputs {
  base: 'emulator'
  toolchain: 'emulator'
  packages: 'emulator'
  convert: 'emulator'
  agent: 'target'
  initramfs: 'target'
  inventory: 'target'
  'boot-loader': 'target'
  raw: 'board'
}

export type OptionalInputOf<K extends StepKind> = K extends keyof OptionalInputs ? OptionalInputs[K] : never

/**
 * A step names each of its inputs after the kind of step that makes it; an import counts as a base, what is signed as what it was
 * before, and whatever makes an artifact of one file as `artifact`.
 */
export type InputsOf<K extends StepKind> = StepKinds[K]['inputs'] & (StepKind | 'artifact')

export type InputFacts<I extends StepKind | 'artifact'> = I extends StepKind
  ? StepKinds[I]['facts']
  : ArtifactFacts

export interface StepOf<K extends StepKind> {
  /** Unique in a plan, readable: `toolchain`, `debian-13-core-amd64-generic-v0.1.0/iso`. */
  readonly id: string
  readonly kind: K
  readonly title: string
  readonly params: StepKinds[K]['params']
  /** Kind of input → id of the step that makes it. */
  readonly inputs: Readonly<Record<InputsOf<K>, string>> &
    Readonly<Partial<Record<OptionalInputOf<K>, string>>>
}

export type Step = { [K in StepKind]: StepOf<K> }[StepKind]

export interface Plan {
  /** In an order in which each step comes after its inputs. */
  readonly steps: readonly Step[]
}

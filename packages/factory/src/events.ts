/**
 * What the factory tells the outside while it works: one stream of plain data, folded by a reporter into a tree,
 * lines or JSON. Times are milliseconds, sizes are bytes.
 */
export type KilnEvent =
  | { readonly event: 'plan'; readonly steps: readonly PlannedStep[] }
  | { readonly event: 'step-started'; readonly step: string; readonly title: string }
  /** `done` and `total` are bytes or counts, as the unit says; total is missing where nobody can know it. */
  | {
      readonly event: 'step-progress'
      readonly step: string
      readonly done: number
      readonly total?: number
      readonly unit: 'bytes' | 'items' | 'percent'
    }
  | { readonly event: 'step-output'; readonly step: string; readonly line: string }
  | {
      readonly event: 'step-finished'
      readonly step: string
      readonly title: string
      readonly outcome: 'built' | 'reused'
      readonly ms: number
    }
  | {
      readonly event: 'step-failed'
      readonly step: string
      readonly title: string
      readonly code: string
      readonly ms: number
    }
  | { readonly event: 'notice'; readonly level: 'info' | 'warning'; readonly message: string }
  | {
      readonly event: 'summary'
      readonly built: number
      readonly reused: number
      readonly ms: number
    }

export interface PlannedStep {
  readonly step: string
  readonly title: string
  readonly needs: readonly string[]
}

export type Emit = (event: KilnEvent) => void

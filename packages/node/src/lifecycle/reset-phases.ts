import type { NodeRecord } from '@kiln/contract'

/** In order; the phase in the record is the one that is to be done next. Each can be done again. */
export const resetPhases = ['armed', 'persistent', 'oem', 'generation'] as const
export type ResetPhase = (typeof resetPhases)[number]

/**
 * The partition that a reset is making anew. Nobody may mount it until that is done: where the power failed, it holds anything
 * between the old file system and the new one.
 */
export function erasedByReset(record: NodeRecord | undefined): 'persistent' | 'oem' | undefined {
  const { operation } = record ?? {}
  if (operation?.kind !== 'reset') return undefined
  const { phase, detail } = operation
  if (phase === 'persistent') return detail?.keepPersistent === true ? undefined : phase
  return phase === 'oem' && detail?.oem === true ? phase : undefined
}

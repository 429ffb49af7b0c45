import type { GenerationFailure } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { listIfThere, readIfThere } from '../host/tree.ts'

/** Why a generation did not come up, as its initramfs wrote it on COS_STATE before it restarted the machine. */

/** Path below COS_STATE. */
export function failureNote(generation: number): string {
  return `kiln/failure-${generation}.json`
}

export type FailureNotes = ReadonlyMap<number, GenerationFailure>

/** @param state where COS_STATE is mounted. A note that cannot be read still says that there was a failure. */
export function readFailureNotes(host: Host, state: string): FailureNotes {
  const notes = new Map<number, GenerationFailure>()
  for (const name of listIfThere(host, `${state}/kiln`)) {
    const generation = Number(name.match(/^failure-([1-9]\d*)\.json$/)?.[1])
    if (Number.isNaN(generation)) continue
    notes.set(generation, parseNote(readIfThere(host, `${state}/kiln/${name}`) ?? ''))
  }
  return notes
}

function parseNote(text: string): GenerationFailure {
  try {
    const { reason, at, title, detail } = JSON.parse(text) as Record<string, unknown>
    const words = [title, detail].filter((word) => typeof word === 'string').join(': ')
    return {
      reason: typeof reason === 'string' ? reason : 'unknown',
      at: typeof at === 'string' ? at : '',
      ...(words === '' ? {} : { detail: words }),
    }
  } catch {
    return { reason: 'unknown', at: '', detail: 'its note cannot be read' }
  }
}

/** @param state where COS_STATE is mounted, writable */
export function removeFailureNotes(host: Host, state: string, generations: Iterable<number>): void {
  for (const generation of generations) {
    host.remove(`${state}/${failureNote(generation)}`, { recursive: true })
  }
}

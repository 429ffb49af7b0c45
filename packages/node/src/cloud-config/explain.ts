import type { Place } from '@kiln/contract'
import { type Origin, pathIn, plainOf, treeAt, valueIn } from '@kiln/contract/cloud-config/tree'
import { type Collected, originsOf } from './collect.ts'

/** One source that had a say about a value. */
export interface Say {
  readonly source: string
  readonly place: Place
  /** What it says; for a map or list that others added to, its own part. */
  readonly value: unknown
}

export interface Explanation {
  readonly path: readonly (string | number)[]
  /** What is in force. */
  readonly value: unknown
  /** In force for a scalar; for a map or list all of them are. */
  readonly from: readonly Say[]
  /** Whether the first of `from` replaced the others. */
  readonly replaces: boolean
}

/** Where a value comes from and what it overrode; undefined where there is none at the path. */
export function explain(collected: Collected, path: readonly (string | number)[]): Explanation | undefined {
  const part = treeAt(collected.tree, path)
  if (!part) return undefined
  return {
    path,
    value: plainOf(part),
    from: originsOf(collected, path).map(say),
    replaces: part.kind === 'scalar',
  }
}

function say(origin: Origin): Say {
  const path = pathIn(origin)
  return { source: origin.text.name, place: origin.text.placeOf(path), value: valueIn(origin) }
}

import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'

export type Path = readonly PropertyKey[]

/** Character offsets, the second behind the last character. */
export type Range = readonly [start: number, end: number]

/** Where the values of a YAML text stand in it. */
export interface Places {
  /** The value at a path, or its nearest ancestor that the text has; an alias stands for all below it. */
  valueRange(path: Path): Range
  /** A key, or else the value that it would be in. */
  keyRange(path: Path, key: string): Range
  /** Whether the text itself has a value at a path. */
  has(path: Path): boolean
}

/** Events of nodes: the value, and its key where it stands in a map. */
interface Entry {
  readonly value: number
  readonly key: number | undefined
}

/** @param events of one document, which is the first of them itself */
export function placesOf(text: string, events: readonly Event[]): Places {
  const root: Entry | undefined = events.length > 1 ? { value: 1, key: undefined } : undefined
  const range = (entry: Entry | undefined): Range => (entry ? rangeOf(text, events, entry) : [0, 0])
  const walk = (path: Path): { readonly entry: Entry | undefined; readonly isThere: boolean } => {
    let here = root
    for (const part of path) {
      const next: Entry | undefined = here && entryAt(text, events, here.value, part)
      if (!next) return { entry: here, isThere: false }
      here = next
    }
    return { entry: here, isThere: here !== undefined }
  }
  return {
    valueRange: (path) => range(walk(path).entry),
    keyRange: (path, key) => {
      const { entry, isThere } = walk([...path, key])
      return isThere && entry?.key !== undefined
        ? range({ value: entry.key, key: undefined })
        : range(walk(path).entry)
    },
    has: (path) => walk(path).isThere,
  }
}

function entryAt(
  text: string,
  events: readonly Event[],
  parent: number,
  part: PropertyKey,
): Entry | undefined {
  const type = events[parent]?.type
  if (type === EVENT_ID.MAPPING) {
    for (let key = parent + 1; isNode(events[key]); ) {
      const value = behind(events, key)
      const name = events[key]
      if (name?.type === EVENT_ID.SCALAR && scalarText(text, name) === String(part)) return { value, key }
      key = behind(events, value)
    }
  }
  if (type !== EVENT_ID.SEQUENCE || typeof part !== 'number') return undefined
  let item = parent + 1
  for (let number = 0; number < part && isNode(events[item]); number++) item = behind(events, item)
  return isNode(events[item]) ? { value: item, key: undefined } : undefined
}

function isNode(event: Event | undefined): boolean {
  return event !== undefined && event.type !== EVENT_ID.POP
}

/** The event behind a node and all that is in it. */
function behind(events: readonly Event[], index: number): number {
  let depth = 0
  let at = index
  do {
    const type = events[at++]?.type
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth++
    else if (type === EVENT_ID.POP) depth--
  } while (depth > 0 && at < events.length)
  return at
}

function rangeOf(text: string, events: readonly Event[], { value, key }: Entry): Range {
  const event = events[value]
  switch (event?.type) {
    case EVENT_ID.ALIAS:
      return [event.anchorStart - 1, event.anchorEnd]
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return [event.start, endOf(text, events, value)]
    case EVENT_ID.SCALAR: {
      const written = scalarRange(text, event)
      if (written) return written
      // Nothing is written: it would be behind the colon of its key or the dash of its item.
      const sign = text.indexOf(key === undefined ? '-' : ':', endBefore(text, events, value))
      const at = sign === -1 ? text.length : sign + 1
      return [at, at]
    }
    default:
      return [0, 0]
  }
}

function endBefore(text: string, events: readonly Event[], index: number): number {
  for (let at = index - 1; at > 0; at--) {
    const end = ownEnd(text, events[at])
    if (end !== undefined) return end
  }
  return 0
}

/** Where an event ends that stands in the text itself; collections end later. */
function ownEnd(text: string, event: Event | undefined): number | undefined {
  switch (event?.type) {
    case EVENT_ID.ALIAS:
      return event.anchorEnd
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start
    case EVENT_ID.SCALAR:
      return scalarRange(text, event)?.[1]
    default:
      return undefined
  }
}

/** Collections say only where they begin. */
function endOf(text: string, events: readonly Event[], index: number): number {
  const brackets: boolean[] = []
  let end = 0
  for (let at = index; at < events.length; at++) {
    const event = events[at]
    end = Math.max(end, ownEnd(text, event) ?? 0)
    if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) {
      brackets.push(/[[{]/.test(text[event.start] ?? ''))
    } else if (event?.type === EVENT_ID.POP && brackets.pop()) {
      const close = text.slice(end).search(/[\]}]/)
      end = close === -1 ? text.length : end + close + 1
    }
    if (brackets.length === 0) break
  }
  return end
}

/** A scalar as it is written, with its quotes or the sign of its block. */
function scalarRange(text: string, event: ScalarEvent): Range | undefined {
  const { valueStart, valueEnd, tagEnd, anchorEnd, style } = event
  if (valueStart < 0) {
    const end = Math.max(tagEnd, anchorEnd)
    return end < 0 ? undefined : [end, end]
  }
  switch (style) {
    case SCALAR_STYLE.PLAIN:
      return [valueStart, valueEnd]
    case SCALAR_STYLE.SINGLE_QUOTED:
    case SCALAR_STYLE.DOUBLE_QUOTED:
      return [valueStart - 1, valueEnd + 1]
    default: {
      const line = text.lastIndexOf('\n', valueStart - 2) + 1
      const sign = text.slice(line, valueStart).search(/[|>][-+0-9]*[ \t]*(?:#.*)?\s*$/)
      return [sign === -1 ? valueStart : line + sign, valueEnd]
    }
  }
}

function scalarText(text: string, event: ScalarEvent): string {
  return event.valueStart < 0 ? '' : getScalarValue(text, event)
}

import { constructFromEvents, EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml'
import { type Dialect, schemas } from './dialects.ts'
import { type Places, placesOf } from './places.ts'
import { syntaxWords, type YamlProblem } from './syntax-words.ts'

export type { Dialect } from './dialects.ts'
export type { Path, Places, Range } from './places.ts'
export type { YamlProblem } from './syntax-words.ts'

export type YamlResult =
  | { readonly value: unknown; readonly places: Places }
  | { readonly problem: YamlProblem }

/** Collections within collections. */
const deepest = 100
/** Values that a text with aliases may stand for: a few lines can stand for billions. */
const mostValues = 100_000

/** Reads one YAML document. Nothing at all is `{}`. No text makes it throw. */
export function readYamlText(text: string, dialect: Dialect): YamlResult {
  let events: readonly Event[] = []
  try {
    const read = parseEvents(text, { maxDepth: deepest })
    events = read
    const documents = constructFromEvents(read, { source: text, schema: schemas[dialect] })
    const second = events.findIndex(({ type }, index) => type === EVENT_ID.DOCUMENT && index > 0)
    if (second !== -1) return problemAt(startOf(events[second + 1]), 'there is more than one document')
    const value = documents[0] ?? {}
    const bomb = events.some(({ type }) => type === EVENT_ID.ALIAS) ? bombIn(value) : undefined
    return bomb ? problemAt(0, bomb) : { value, places: placesOf(text, events) }
  } catch (error) {
    if (error instanceof YAMLException) return { problem: syntaxProblem(error, text, events) }
    if (isTooDeep(error)) return problemAt(0, tooDeep)
    throw error
  }
}

/** The value alone, for texts whose places nobody asks for. @throws Error with the reason in one line */
export function valueOfYaml(text: string, dialect: Dialect = 'cloud-config'): unknown {
  const result = readYamlText(text, dialect)
  if ('problem' in result) throw new Error(result.problem.message)
  return result.value
}

function problemAt(at: number, message: string): { readonly problem: YamlProblem } {
  return { problem: { message, at: [at, at] } }
}

function syntaxProblem({ reason, mark }: YAMLException, text: string, events: readonly Event[]): YamlProblem {
  const key = /complex keys$/.test(reason) ? nestedKey(events) : undefined
  const told = key ? startOf(key) : Math.min(Math.max(mark?.position ?? 0, 0), text.length)
  return syntaxWords(reason, text, told)
}

/** The first collection that stands where a key has to be; the library knows only the map that it is in. */
function nestedKey(events: readonly Event[]): Event | undefined {
  /** Nodes so far in each collection that is open; undefined for lists. */
  const open: (number | undefined)[] = []
  for (const event of events.slice(1)) {
    const count = open.at(-1)
    const isCollection = event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE
    if (isCollection && count !== undefined && count % 2 === 0) return event
    if (event.type === EVENT_ID.POP) open.pop()
    else if (count !== undefined) open[open.length - 1] = count + 1
    if (isCollection) open.push(event.type === EVENT_ID.MAPPING ? 0 : undefined)
  }
  return undefined
}

function startOf(event: Event | undefined): number {
  if (event?.type === EVENT_ID.SCALAR) return Math.max(event.valueStart, 0)
  return event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE ? event.start : 0
}

const tooDeep = 'nested too deeply'

/** Node.js calls it a RangeError, QuickJS an InternalError. */
function isTooDeep(error: unknown): boolean {
  return error instanceof Error && /stack/i.test(error.message)
}

interface Extent {
  readonly values: number
  readonly depth: number
}

/** Aliases make one value stand at several places, or within itself. */
function bombIn(value: unknown): string | undefined {
  const known = new Map<object, Extent | undefined>()
  let isCyclic = false
  const measure = (part: unknown): Extent => {
    if (typeof part !== 'object' || part === null) return { values: 1, depth: 0 }
    const before = known.get(part)
    if (before) return before
    if (known.has(part)) isCyclic = true
    if (isCyclic) return { values: 1, depth: 0 }
    known.set(part, undefined)
    const parts = Object.values(part).map(measure)
    const extent = {
      values: parts.reduce((sum, { values }) => sum + values, 1),
      depth: parts.reduce((most, { depth }) => Math.max(most, depth), 0) + 1,
    }
    known.set(part, extent)
    return extent
  }
  const { values, depth } = measure(value)
  if (isCyclic) return 'an alias stands inside of what it stands for'
  if (depth > deepest) return tooDeep
  return values > mostValues ? `its aliases stand for more than ${mostValues} values` : undefined
}

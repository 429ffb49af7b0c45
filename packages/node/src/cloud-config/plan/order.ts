/** A step among others. */
export interface Ordered {
  readonly file: string
  /** Names that an `after` may use for it. */
  readonly names: readonly string[]
  readonly after: readonly string[]
}

export interface Order<T> {
  readonly steps: readonly T[]
  /** Steps that wait for each other in a circle; they cannot run. */
  readonly circle: readonly T[]
  /** `after` that nobody answers to. */
  readonly unknown: readonly { readonly step: T; readonly name: string }[]
}

/**
 * Puts the steps of a stage in order: as they come, file by file, but those with `after` when what they wait for is done.
 * A step without `after` follows the one before it in its file, and the last one without `after` of the files before,
 * whatever stands in between: the field loses that order where a file without steps for the stage comes between two others.
 */
export function orderSteps<T extends Ordered>(steps: readonly T[]): Order<T> {
  const unknown: { step: T; name: string }[] = []
  const waitsFor = new Map<T, readonly T[]>()
  let last: T | undefined
  for (const [index, step] of steps.entries()) {
    if (step.after.length === 0) {
      const before = steps[index - 1]
      waitsFor.set(step, [...(last ? [last] : []), ...(before && leads(before, step) ? [before] : [])])
      last = step
      continue
    }
    const found = step.after.flatMap((name) => {
      const meant = steps.filter((other) => other !== step && other.names.includes(name))
      if (meant.length === 0) unknown.push({ step, name })
      return meant
    })
    waitsFor.set(step, found)
  }
  return { ...sorted(steps, waitsFor), unknown }
}

/** The one before leads, in the same file, unless it waits for the one behind it. */
function leads(before: Ordered, step: Ordered): boolean {
  return before.file === step.file && !before.after.some((name) => step.names.includes(name))
}

/** The first that is ready comes next, so that the order in the files stays wherever it may. */
function sorted<T>(steps: readonly T[], waitsFor: ReadonlyMap<T, readonly T[]>) {
  const waiting = [...steps]
  const order: T[] = []
  const circle: T[] = []
  const settled = new Set<T>()
  while (waiting.length > 0) {
    const next = waiting.findIndex((step) => (waitsFor.get(step) ?? []).every((other) => settled.has(other)))
    const stuck = next < 0 ? waiting.filter((step) => reaches(step, step, waitsFor)) : []
    circle.push(...stuck)
    const gone = next < 0 ? stuck : waiting.slice(next, next + 1)
    if (next >= 0) order.push(...gone)
    for (const step of gone) {
      settled.add(step)
      waiting.splice(waiting.indexOf(step), 1)
    }
  }
  return { steps: order, circle }
}

function reaches<T>(from: T, to: T, waitsFor: ReadonlyMap<T, readonly T[]>): boolean {
  const seen = new Set<T>()
  const queue = [...(waitsFor.get(from) ?? [])]
  for (let step = queue.pop(); step !== undefined; step = queue.pop()) {
    if (step === to) return true
    if (seen.has(step)) continue
    seen.add(step)
    queue.push(...(waitsFor.get(step) ?? []))
  }
  return false
}

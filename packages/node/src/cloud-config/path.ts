/**
 * The parts of a path such as `install.device`, `.stages.boot[0].commands`, `users.0.name` or `x["a.b"]`: the part of jq's
 * language that people use. `.` is everything.
 * @returns undefined where it is none
 */
export function parsePath(text: string): (string | number)[] | undefined {
  const parts: (string | number)[] = []
  let rest = text.trim()
  const pattern = /^(?:\.?\["((?:[^"\\]|\\.)*)"\]|\.?\[(\d+)\]|\.?([^.[\]"\s]+)|\.$)/
  while (rest !== '') {
    const match = rest.match(pattern)
    if (!match) return undefined
    const [whole, quoted, index, plain] = match
    if (quoted !== undefined) parts.push(quoted.replace(/\\(.)/g, '$1'))
    else if (index !== undefined) parts.push(Number(index))
    else if (plain !== undefined) parts.push(plain)
    rest = rest.slice(whole.length)
  }
  return parts
}

/** The value at a path; a number finds an item of a list. */
export function valueAtPath(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((here, key) => {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    return (here as Record<string | number, unknown>)[key]
  }, value)
}

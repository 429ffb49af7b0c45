/**
 * The value at a path such as `kairos.flavor`, `.generations[0].status` or `generations.0.status`; undefined where there is
 * none. Names are compared as they are, then without regard to capitals.
 */
export function valueAt(value: unknown, path: string): unknown {
  const parts = path
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter((part) => part !== '')
  let here = value
  for (const part of parts) here = member(here, part)
  return here
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name]
  const key = Object.keys(value).find((each) => each.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : (value as Record<string, unknown>)[key]
}

/** Texts and numbers bare, for shells; everything else as JSON. */
export function valueText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value, undefined, 2) : String(value)
}

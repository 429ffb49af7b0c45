/**
 * The field's way of merging configuration: maps key by key, a later value for an earlier one, and lists one behind the
 * other; what is not a map stands only once in a list.
 */
export function mergeTrees(earlier: object, later: object): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...earlier }
  for (const [key, value] of Object.entries(later)) {
    if (value === undefined) continue
    merged[key] = mergeValues(merged[key], value)
  }
  return merged
}

function mergeValues(earlier: unknown, later: unknown): unknown {
  if (isTree(earlier) && isTree(later)) return mergeTrees(earlier, later)
  if (!Array.isArray(earlier) || !Array.isArray(later)) return later
  return [...earlier, ...later.filter((item) => isTree(item) || !earlier.includes(item))]
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

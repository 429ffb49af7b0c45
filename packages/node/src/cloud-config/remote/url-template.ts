/** Fills in a template. @throws Error with what is wrong */
export type Render = (template: string, values: object) => string

/**
 * An address with the facts of the machine filled in, each of them escaped as part of a query (as Go's url.QueryEscape
 * does, on which servers of the field rely).
 * @param facts only called where there is something to fill in
 * @throws Error whose message begins with `rendering config_url: `
 */
export function renderUrl(url: string, render: Render, facts: () => object): string {
  if (!url.includes('{{')) return url
  try {
    return render(url, escapedValues(facts()) as object)
  } catch (error) {
    throw new Error(`rendering config_url: ${(error as Error).message}`, { cause: error })
  }
}

function escapedValues(value: unknown): unknown {
  if (typeof value === 'string') return queryEscape(value)
  if (Array.isArray(value)) return value.map(escapedValues)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapedValues(inner)]))
}

export function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

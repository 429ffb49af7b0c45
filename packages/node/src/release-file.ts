import type { Host } from './host/host.ts'
import { readIfThere } from './host/tree.ts'

/** Where the image says what it is; the field's name. */
const kairosRelease = '/etc/kairos-release'

/** `KEY=value` lines as in os-release(5): quotes are optional, `#` starts a comment line. */
export function parseAssignments(text: string): Record<string, string> {
  const result: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const [, key, value = ''] = line.match(/^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/) ?? []
    if (key) result[key] = unquote(value.trim())
  }
  return result
}

/** os-release(5), which has two places; nothing where it is at neither. */
export function readOsRelease(host: Host, root = ''): Record<string, string> {
  const places = ['/etc/os-release', '/usr/lib/os-release']
  const texts = places.map((path) => readIfThere(host, `${root}${path}`))
  return parseAssignments(texts.find((text) => text !== undefined) ?? '')
}

export function readRelease(host: Host): Record<string, string> {
  return parseAssignments(readIfThere(host, kairosRelease) ?? '')
}

function unquote(value: string): string {
  const [, single] = value.match(/^'(.*)'$/) ?? []
  if (single !== undefined) return single
  return (value.match(/^"(.*)"$/)?.[1] ?? value).replace(/\\(["\\$`])/g, '$1')
}

import { plainOf } from '@kiln/contract/cloud-config/tree'
import { printYamlText } from '@kiln/contract/yaml/print'
import type { Collected } from './collect.ts'

/** Plain data as YAML, with the field's indentation and its sorted keys. */
export function printYaml(value: unknown): string {
  return printYamlText(readable(value), { indent: 4, sortKeys: true })
}

/** The merged configuration as the field's agent prints it: a cloud-config itself, with the list of its sources. */
export function printConfig({ tree, sources }: Pick<Collected, 'tree' | 'sources'>): string {
  const merged = sources.filter(({ outcome }) => outcome === 'merged')
  const list = ['# Sources:', ...merged.map(({ name }) => `# - ${name.replace(/\s+/g, ' ')}`)]
  return `#cloud-config\n\n${list.join('\n')}\n\n${printYaml(plainOf(tree))}`
}

/** A mode was a number when YAML had read it; 420 says nothing to anybody. */
function readable(value: unknown, key?: string): unknown {
  if (key === 'permissions' && typeof value === 'number') return `0${value.toString(8)}`
  if (Array.isArray(value)) return value.map((item) => readable(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readable(item, name)]))
}

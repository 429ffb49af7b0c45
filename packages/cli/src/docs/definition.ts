import { definitionJsonSchema } from '@kiln/contract/definition'
import { table } from './table.ts'

/** The part of JSON Schema that the definition uses. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly default?: unknown
}

interface Row {
  readonly path: string
  readonly schema: Schema
  readonly required: boolean
}

/** docs/reference/kiln-yaml.md: every key, from the schema that checks it. */
export function definitionReference(): string {
  const rows = rowsOf(definitionJsonSchema() as Schema, '')
  return `${[
    '# kiln.yaml',
    '<!-- Made by packages/cli/src/docs.ts from the schema. Do not edit. -->',
    'What Kiln builds. A key that is not listed here is an error. Paths that are not absolute start at the folder of the file.\n' +
      '`kiln check` checks a file, `kiln init` writes a starter, `kiln schema` prints the JSON Schema for editors.',
    'A small definition:',
    `\`\`\`yaml\n${sample}\`\`\``,
    table([['Key', 'Value', 'Default', 'Meaning'], ...rows.map(cells)]),
    '## Forms of values',
    rows
      .filter(({ schema }) => patternOf(schema) !== undefined)
      .map(({ path, schema }) => `- \`${path}\` matches \`${patternOf(schema)}\``)
      .join('\n'),
  ].join('\n\n')}\n`
}

const sample = `name: sample
version: v0.1.0
images:
  - flavor: debian
    release: "13"
    packages:
      add: [htop]
`

function rowsOf(schema: Schema, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`
    const required = (schema.required ?? []).includes(key) && value.default === undefined
    const inner = value.items?.properties ? rowsOf(value.items, `${path}[]`) : rowsOf(value, path)
    return [{ path, schema: value, required }, ...inner]
  })
}

function cells({ path, schema, required }: Row): string[] {
  const fallback = required ? '**required**' : defaultText(schema.default)
  return [`\`${path}\``, typeText(schema), fallback, schema.description ?? '']
}

function defaultText(value: unknown): string {
  const isEmpty = typeof value === 'object' && value !== null && Object.values(value).flat().length === 0
  return value === undefined || isEmpty ? '' : `\`${JSON.stringify(value)}\``
}

function typeText(schema: Schema): string {
  if (schema.enum) return schema.enum.map((choice) => `\`${choice}\``).join(', ')
  if (schema.type === 'array')
    return schema.items?.properties ? 'list of maps' : `list of ${typeText(schema.items ?? {})}`
  if (schema.type === 'integer') return 'whole number'
  return schema.type === 'object' ? 'map' : 'text'
}

function patternOf(schema: Schema): string | undefined {
  return schema.pattern ?? schema.items?.pattern
}

import { eventsJsonSchema } from '@kiln/factory/event-stream'
import { table } from './table.ts'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** docs/reference/events.md: every line that `--json` prints, from the schema that the tests hold it to. */
export function eventReference(): string {
  const { anyOf = [] } = eventsJsonSchema() as Schema
  const [first] = anyOf
  const head = Object.keys(first?.properties ?? {}).filter((name) => headNames.includes(name))
  return `${[
    '# Events',
    '<!-- Made by packages/cli/src/docs.ts from the schema. Do not edit. -->',
    'With `--json` a command writes one JSON object a line to standard output: events as they come, and last a line with\n' +
      '`result` or `error`. `--progress json` writes the events to standard error. JSON Schema of a line:\n' +
      '[events.schema.json](../../schemas/events.schema.json).',
    '```text\n' +
      '{"schema":"kiln.events/v1","seq":2,"time":"2026-01-01T12:00:00.000Z","event":"step-finished","step":"toolchain","title":"toolchain","outcome":"reused","ms":0}\n' +
      '```',
    'A later version may add events and fields; a program should skip what it does not know. What is there keeps its\nmeaning as long as `schema` stays the same.',
    '## Every line',
    fieldTable(first, head),
    ...anyOf.flatMap(section),
  ].join('\n\n')}\n`
}

const headNames = ['schema', 'seq', 'time']

function section(schema: Schema): string[] {
  const { properties = {} } = schema
  const name = properties.event?.const ?? ('result' in properties ? 'The result' : 'An error')
  const fields = Object.keys(properties).filter((field) => ![...headNames, 'event'].includes(field))
  return [`## ${name}`, schema.description ?? '', ...(fields.length > 0 ? [fieldTable(schema, fields)] : [])]
}

function fieldTable(schema: Schema | undefined, fields: readonly string[]): string {
  const rows = fields.flatMap((field) => fieldRows(schema, field, field))
  return table([['Field', 'Value', 'Meaning'], ...rows])
}

function fieldRows(parent: Schema | undefined, field: string, path: string): string[][] {
  const schema = parent?.properties?.[field] ?? {}
  const optional = parent?.required?.includes(field) ? '' : ', may be missing'
  const inner = schema.items ?? schema
  const suffix = schema.items ? '[]' : ''
  const below = Object.keys(inner.properties ?? {}).flatMap((name) =>
    fieldRows(inner, name, `${path}${suffix}.${name}`),
  )
  return [[`\`${path}\``, `${typeText(schema)}${optional}`, schema.description ?? ''], ...below]
}

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.enum) return schema.enum.map((choice) => `\`${choice}\``).join(', ')
  if (schema.type === 'array') return `list of ${schema.items?.type === 'object' ? 'maps' : 'texts'}`
  const names: Readonly<Record<string, string>> = { object: 'map', string: 'text', integer: 'whole number' }
  return names[schema.type ?? ''] ?? schema.type ?? 'anything'
}

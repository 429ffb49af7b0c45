import * as z from 'zod'
import { descriptions } from './descriptions.ts'
import { CloudConfig } from './schema/cloud-config.ts'
import { Step } from './schema/step.ts'
import { User } from './schema/user.ts'
import { stepDescriptions, userDescriptions } from './step-descriptions.ts'

/** The part of JSON Schema that is gone through here. */
export interface JsonSchema {
  type?: string | readonly string[]
  description?: string
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  patternProperties?: Record<string, JsonSchema>
  required?: readonly string[]
  anyOf?: JsonSchema[]
  enum?: readonly (string | number)[]
  pattern?: string
  $ref?: string
  $defs?: Record<string, JsonSchema>
}

/** JSON Schema (draft 2020-12) of a cloud-config, for editors: the same types, with what each key means. */
export function cloudConfigJsonSchema(): JsonSchema & Record<string, unknown> {
  const metadata = z.registry<{ id: string }>()
  metadata.add(Step, { id: 'step' })
  metadata.add(User, { id: 'user' })
  const made = z.toJSONSchema(CloudConfig, { io: 'input', metadata, unrepresentable: 'any' })
  // Shared parts become parts of their own, so that each can say what it means where it stands.
  const { $schema, ...schema } = JSON.parse(JSON.stringify(made)) as JsonSchema & { $schema: string }
  describe(schema, descriptions, '')
  describe(schema.$defs?.step ?? {}, stepDescriptions, '')
  describe(schema.$defs?.user ?? {}, userDescriptions, '')
  schema.patternProperties = { '^x-': {} }
  return { $schema, title: 'cloud-config', ...schema }
}

type Descriptions = Readonly<Record<string, string>>

function describe(schema: JsonSchema, texts: Descriptions, prefix: string): void {
  for (const { path, schema: part } of keysOf(schema, prefix)) {
    const text =
      textFor(path, texts) ?? (path.startsWith('users[].') ? userDescriptions[path.slice(8)] : undefined)
    if (text !== undefined) part.description = text
  }
}

/** The text of the path itself, else of the first pattern that it fits. */
export function textFor(path: string, texts: Descriptions): string | undefined {
  if (Object.hasOwn(texts, path)) return texts[path]
  const parts = path.split('.')
  const fits = ([pattern]: [string, string]) => {
    const wanted = pattern.split('.')
    return wanted.length === parts.length && wanted.every((part, index) => fitsPart(part, parts[index] ?? ''))
  }
  return Object.entries(texts).find(fits)?.[1]
}

function fitsPart(pattern: string, part: string): boolean {
  if (!pattern.startsWith('*')) return pattern === part
  return part.endsWith('[]') === pattern.endsWith('[]')
}

export interface SchemaKey {
  /** `install.partitions.efi.size`, `users[].name`; `.*` where the keys are free. */
  readonly path: string
  readonly schema: JsonSchema
  readonly required: boolean
}

/** All keys below a schema, with those of what is in lists and free maps; references are not followed. */
export function keysOf(schema: JsonSchema, prefix: string): SchemaKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, part]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`
    const required = schema.required?.includes(key) ?? false
    return [{ path, schema: part, required }, ...inside(part, path)]
  })
}

function inside(schema: JsonSchema, path: string): SchemaKey[] {
  const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
  return [
    ...keysOf(schema, path),
    ...(schema.items ? inside(schema.items, `${path}[]`) : []),
    ...(values ? inside(values, `${path}.*`) : []),
    ...(schema.anyOf ?? []).flatMap((branch) => inside(branch, path)),
  ]
}

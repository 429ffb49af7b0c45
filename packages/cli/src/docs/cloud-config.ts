import {
  cloudConfigJsonSchema,
  type JsonSchema,
  keysOf,
  type SchemaKey,
} from '@kiln/contract/cloud-config/json-schema'
import { noEffect, noEffectReasons } from '@kiln/contract/cloud-config/no-effect'
import { nodeStages, providerStages, stageNames } from '@kiln/contract/cloud-config/schema/stage-names'
import { table } from './table.ts'

/** docs/reference/cloud-config.md: every key, from the schema that checks it. */
export function cloudConfigReference(): string {
  const schema = cloudConfigJsonSchema()
  const { step = {}, user = {} } = schema.$defs ?? {}
  const blocks = Object.entries(schema.properties ?? {}).filter(([, block]) => isBlock(block))
  const simple = Object.keys(schema.properties ?? {}).filter((key) => !blocks.some(([name]) => name === key))
  const top = keysOf(schema, '').filter(({ path }) => simple.includes(path))
  return `${[
    '# cloud-config',
    '<!-- Made by packages/cli/src/docs.ts from the schema. Do not edit. -->',
    'Every key that a cloud-config may have. A key that is not here is an error, unless it begins with `x-` or a provider has\n' +
      'declared it (`kiln.provider-blocks`). How files are found, merged and checked: [cloud-config.md](../cloud-config.md). JSON\n' +
      'Schema for editors: [cloud-config.schema.json](../../schemas/cloud-config.schema.json). Keys marked with * are known and not\n' +
      'acted on yet; whoever uses one is told, and [the last section](#keys-without-effect) says why.',
    '## Keys at the top',
    keyTable(top, ''),
    ...blocks.flatMap(([name, block]) => section(name, block)),
    '## A step',
    'What an item of a stage may have.',
    keyTable(keysOf(step, ''), 'stages.'),
    '## A user of a step',
    'What a user in the map `users` of a step may have; in the list `users` at the top it also has its name.',
    keyTable(keysOf(user, ''), 'users.*.'),
    '## Keys without effect',
    table([
      ['Key', 'Why'],
      ...Object.entries(noEffectReasons).map(([path, why]) => [code(path.replace('.*', '[]')), why]),
    ]),
  ].join('\n\n')}\n`
}

function isBlock(schema: JsonSchema): boolean {
  return keysOf(schema, '').length > 0 || keysOf(schema.items ?? {}, '').length > 0
}

function section(name: string, block: JsonSchema): string[] {
  const heading = [`## ${name}${mark(name)}`, block.description ?? '']
  if (name === 'stages') return [...heading, stagesText()]
  const isList = block.items !== undefined
  const rows = keysOf(block.items ?? block, isList ? `${name}[]` : name)
  return [...heading, keyTable(rows, '')]
}

function stagesText(): string {
  const plain = stageNames.filter(
    (name) => !/\.(before|after|pre)$/.test(name) && !providerStages.includes(name),
  )
  const pairs = stageNames.filter(
    (name) => /\.(pre|after)$/.test(name) && !plain.includes(name.replace(/\.\w+$/, '')),
  )
  return [
    `Run by the node itself: ${plain
      .filter((name) => isNodeStage(name))
      .map(code)
      .join(', ')}. Around what the agent does: ${[...plain.filter((name) => !isNodeStage(name)), ...pairs]
      .map(code)
      .join(', ')}.`,
    'All but the last ones also have a `.before` and an `.after`. Each is a list of steps.',
    `Run by the field's provider around the start of Kubernetes: ${providerStages.map(code).join(', ')}.`,
  ].join('\n\n')
}

function isNodeStage(name: string): boolean {
  return nodeStages.some((stage) => stage === name)
}

function code(text: string): string {
  return `\`${text}\``
}

function keyTable(keys: readonly SchemaKey[], prefix: string): string {
  const rows = keys.map(({ path, schema, required }) => [
    `\`${path}\`${mark(`${prefix}${path}`)}`,
    typeText(schema),
    required ? '**required**' : '',
    (schema.description ?? '').replaceAll('|', '\\|'),
  ])
  return table([['Key', 'Value', '', 'Meaning'], ...rows])
}

/** What is in a block without effect has none either, and need not say so again. */
function mark(path: string): string {
  return noEffect.includes(path.replace('[]', '.*')) ? ' \\*' : ''
}

function typeText(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((choice) => (choice === '' ? '`""`' : `\`${choice}\``)).join(', ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeText))].join(' or ')
  if (schema.$ref) return 'map'
  if (schema.type === 'array') return `list of ${plural(schema.items ?? {})}`
  if (schema.type === 'object') return 'map'
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    boolean: 'true, false',
    integer: 'whole number',
    number: 'number',
  }
  return names[String(schema.type)] ?? 'anything'
}

function plural(schema: JsonSchema): string {
  if (schema.type === 'object' || schema.$ref) return 'maps'
  if (schema.type === 'array') return 'lists'
  if (schema.anyOf) return [...new Set(schema.anyOf.map(plural))].join(' or ')
  return schema.enum ? typeText(schema) : 'texts'
}

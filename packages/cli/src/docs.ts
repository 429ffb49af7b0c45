import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cloudConfigJsonSchema } from '@kiln/contract/cloud-config/json-schema'
import { definitionJsonSchema } from '@kiln/contract/definition'
import { eventsJsonSchema } from '@kiln/factory/event-stream'
import { cloudConfigReference } from './docs/cloud-config.ts'
import { commandReference } from './docs/commands.ts'
import { definitionReference } from './docs/definition.ts'
import { eventReference } from './docs/events.ts'

/** The pages of the reference and the schemas that are made from code. */
export interface GeneratedPage {
  readonly file: string
  readonly text: string
}

export async function generatedPages(): Promise<GeneratedPage[]> {
  return [
    { file: pathOf('docs/reference/cli.md'), text: await commandReference() },
    { file: pathOf('docs/reference/kiln-yaml.md'), text: definitionReference() },
    { file: pathOf('docs/reference/cloud-config.md'), text: cloudConfigReference() },
    { file: pathOf('docs/reference/events.md'), text: eventReference() },
    { file: pathOf('schemas/kiln.schema.json'), text: json(definitionJsonSchema()) },
    { file: pathOf('schemas/cloud-config.schema.json'), text: json(cloudConfigJsonSchema()) },
    { file: pathOf('schemas/events.schema.json'), text: json(eventsJsonSchema()) },
  ]
}

export function isCurrent({ file, text }: GeneratedPage): boolean {
  try {
    return readFileSync(file, 'utf8') === text
  } catch {
    return false
  }
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../../${name}`, import.meta.url))
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

if (import.meta.main) {
  for (const page of await generatedPages()) writeFileSync(page.file, page.text)
}

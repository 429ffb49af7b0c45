import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandReference } from './docs/commands.ts'
import { definitionReference } from './docs/definition.ts'

/** The pages of the reference that are made from code. */
export interface GeneratedPage {
  readonly file: string
  readonly text: string
}

export function generatedPages(): GeneratedPage[] {
  return [
    { file: pathOf('cli.md'), text: commandReference() },
    { file: pathOf('kiln-yaml.md'), text: definitionReference() },
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
  return fileURLToPath(new URL(`../../../docs/reference/${name}`, import.meta.url))
}

if (import.meta.main) {
  for (const page of generatedPages()) writeFileSync(page.file, page.text)
}

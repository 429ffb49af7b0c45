import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** @returns what puts the folder back into the state that it has now */
export function snapshot(context: TestContext, folder: string): () => void {
  const copy = mkdtempSync(join(tmpdir(), 'kiln-snapshot-'))
  context.after(() => rmSync(copy, { recursive: true, force: true }))
  const options = { recursive: true, verbatimSymlinks: true } as const
  cpSync(folder, copy, options)
  return () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
    cpSync(copy, folder, options)
  }
}

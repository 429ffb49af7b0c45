import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { conformanceCases } from './conformance.ts'
import { nodeHost } from './node.ts'

for (const { name, run } of conformanceCases) {
  test(`node host: ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-conformance-'))
    try {
      run(nodeHost(), folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

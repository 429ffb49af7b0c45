import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeHost } from '../../host/node.ts'
import { cloudConfigCases } from './cases.ts'

for (const { name, run } of cloudConfigCases) {
  test(`cloud-config: ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-cloud-config-'))
    try {
      run(nodeHost(), folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

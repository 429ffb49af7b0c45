import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { plant, temporaryFolder } from '../testkit/testkit.ts'

const script = fileURLToPath(new URL('tidy.sh', import.meta.url))

describe('tidying a root that somebody else made', () => {
  const links = ['etc', 'usr', 'var', 'var/lib', 'var/cache', 'var/cache/apt', 'var/cache/apt/archives']
  for (const path of links) {
    it(`refuses it where /${path} is a link, and changes nothing`, (t) => {
      const folder = temporaryFolder(t)
      const root = join(folder, 'root')
      plant(folder, { 'outside/partial/mine': 'mine' })
      plant(root, { [path]: { link: join(folder, 'outside') }, '.dockerenv': 'mark' })
      const { status, stdout } = spawnSync('sh', [script, root], { encoding: 'utf8' })
      assert.deepEqual([status, stdout], [3, `/${path}\n`])
      assert.equal(readFileSync(join(root, '.dockerenv'), 'utf8'), 'mark')
      assert.equal(readFileSync(join(folder, 'outside/partial/mine'), 'utf8'), 'mine')
    })
  }
})

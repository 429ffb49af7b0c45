import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeRoot } from '../testkit/small-root.ts'
import { expectCode, plant } from '../testkit/testkit.ts'
import type { Mount } from './sandbox.ts'

describe('the mount points of a sandbox', () => {
  const escapes: readonly (readonly [what: string, path: string, to: 'outside' | 'upwards' | 'inside'])[] = [
    ['to a place outside', 'opt', 'outside'],
    ['to a place outside, deeper down', 'var/cache/apt', 'outside'],
    ['upwards', 'var/cache', 'upwards'],
    ['to nothing', 'opt', 'inside'],
  ]
  const kinds: readonly Mount['kind'][] = ['bind', 'bind-ro', 'file-ro', 'tree-ro']
  for (const [what, path, to] of escapes) {
    it(`are not made behind a link ${what}`, async (t) => {
      const { folder, base, sh } = makeRoot(t)
      plant(folder, { 'outside/mine': 'mine', 'in/a': 'a', file: 'text' })
      const links = { outside: join(folder, 'outside'), upwards: '../../../outside', inside: '/nowhere' }
      plant(base, { [path]: { link: links[to] } })
      for (const kind of kinds) {
        const source = join(folder, kind === 'file-ro' ? 'file' : 'in')
        const target = `/${path}/made/deeper`
        const mount: Mount =
          kind === 'tree-ro' ? { kind, layers: [source], target } : { kind, source, target }
        const error = await expectCode('E-BASE-MISMATCH', () => sh('true', { mounts: [mount] }))
        assert.match(error.message, new RegExp(`^/${path} is a link `))
      }
      assert.deepEqual(readdirSync(join(folder, 'outside')), ['mine'])
    })
  }

  it('are not made on a link itself, nor upwards, and a file that is there is not written', async (t) => {
    const { folder, base, sh } = makeRoot(t)
    plant(folder, { 'outside/mine': 'mine', file: 'text' })
    plant(base, { 'etc/link': { link: join(folder, 'outside/mine') } })
    const mountAt = (target: string): Mount[] => [{ kind: 'file-ro', source: join(folder, 'file'), target }]
    await expectCode('E-BASE-MISMATCH', () => sh('true', { mounts: mountAt('/etc/link') }))
    assert.equal(readFileSync(join(folder, 'outside/mine'), 'utf8'), 'mine')
    assert.equal((await sh('cat /etc/base', { mounts: mountAt('/etc/base') })).stdout, 'text')
    assert.equal((await sh('cat /etc/base')).stdout, 'from the base')
    await expectCode('E-TOOL-FAILED', () => sh('true', { mounts: mountAt('/etc/../../file') }))
  })

  for (const name of ['run', 'tmp', 'dev', 'proc']) {
    it(`are not made where /${name} is a link`, async (t) => {
      const { folder, base, sh } = makeRoot(t)
      plant(folder, { 'outside/mine': 'mine' })
      rmdirSync(join(base, name))
      plant(base, { [name]: { link: join(folder, 'outside') } })
      const error = await expectCode('E-BASE-MISMATCH', () => sh('true'))
      assert.match(error.message, new RegExp(`^/${name} is a link `))
      assert.deepEqual(readdirSync(join(folder, 'outside')), ['mine'])
    })
  }
})

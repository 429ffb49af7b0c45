import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { keptControl } from './control.ts'

const { signal } = new AbortController()

function packageFile(t: TestContext): string {
  const folder = temporaryFolder(t)
  const control = 'Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: Nobody\nDescription: x\n'
  plant(folder, { 'tree/DEBIAN/control': control })
  const file = join(folder, 'pool/ab')
  plant(folder, { pool: 'folder/' })
  const { status, stderr } = spawnSync('dpkg-deb', ['--build', join(folder, 'tree'), file])
  assert.equal(status, 0, String(stderr))
  return file
}

describe('the control fields of a package file', () => {
  it('are read from it once', async (t) => {
    const file = packageFile(t)
    const control = await keptControl(file, signal)
    assert.match(control, /^Package: hello$/m)
    assert.deepEqual(readdirSync(join(file, '..')), ['ab', 'ab.control'])
    renameSync(file, `${file}-away`)
    assert.equal(await keptControl(file, signal), control)
  })

  it('are read again where what was kept is damaged', async (t) => {
    const file = packageFile(t)
    const control = await keptControl(file, signal)
    appendFileSync(`${file}.control`, 'Depends: nonsense\n')
    assert.equal(await keptControl(file, signal), control)
    rmSync(file)
    assert.equal(await keptControl(file, signal), control)
  })
})

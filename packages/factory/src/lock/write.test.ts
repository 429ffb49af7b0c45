import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { partOf } from '../pool/part-file.ts'
import { asNobody, curl, lock, set } from '../testkit/sample-lock.ts'
import { expectCode, plant, temporaryFolder, underUmask } from '../testkit/testkit.ts'
import { formatLock, lockFileName, readLock, writeLock } from './file.ts'

describe('writing a lock', () => {
  it('tells whether anything changed, and touches nothing where nothing did', async (t) => {
    const file = join(temporaryFolder(t), lockFileName)
    assert.equal(await writeLock(file, lock()), true)
    utimesSync(file, 1, 1)
    const before = statSync(file)
    assert.equal(await writeLock(file, lock()), false)
    const after = statSync(file)
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs])
    assert.equal(await writeLock(file, lock({})), true)
    assert.deepEqual(await readLock(file), lock({}))
  })

  it('makes a file that others may read, and nothing beside it', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    await underUmask(0o022, () => writeLock(file, lock()))
    assert.equal(statSync(file).mode & 0o777, 0o644)
    assert.deepEqual(readdirSync(folder), [lockFileName])
  })

  const links = { 'a file': 'elsewhere', nothing: 'nowhere' }
  for (const [what, link] of Object.entries(links)) {
    it(`refuses a link to ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      plant(folder, { elsewhere: 'mine', [lockFileName]: { link } })
      const file = join(folder, lockFileName)
      const error = await expectCode('E-CONFIG-UNREADABLE', () => writeLock(file, lock()))
      assert.deepEqual(error.place, { file })
      assert.deepEqual(readdirSync(folder).toSorted(), ['elsewhere', lockFileName].toSorted())
      assert.equal(readFileSync(join(folder, 'elsewhere'), 'utf8'), 'mine')
    })
  }

  it('by many at once leaves one whole lock and no parts', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    const locks = Array.from({ length: 8 }, (_, number) => lock({ [`set-${number}`]: set(curl) }))
    await Promise.all(locks.map((each) => writeLock(file, each)))
    assert.deepEqual(readdirSync(folder), [lockFileName])
    assert.ok(locks.map(formatLock).includes(readFileSync(file, 'utf8')))
  })

  it('removes what killed processes left beside it, and nothing else', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    await writeLock(file, lock())
    const alive = basename(partOf(join(folder, `.${lockFileName}`)))
    plant(folder, {
      [alive.replace(/-\d+-\d+-/, '-1-1-')]: 'half',
      [alive]: 'half',
      '.kiln.lock.mine': 'mine',
    })
    assert.equal(await writeLock(file, lock()), false)
    assert.deepEqual(readdirSync(folder).toSorted(), ['.kiln.lock.mine', alive, lockFileName].toSorted())
  })

  it('fails in words where a folder is in its place', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { [lockFileName]: 'folder/' })
    await expectCode('E-CONFIG-UNREADABLE', () => writeLock(join(folder, lockFileName), lock()))
    assert.deepEqual(readdirSync(folder), [lockFileName])
  })

  it('fails in words where its folder is gone', async (t) => {
    const file = join(temporaryFolder(t), 'gone', lockFileName)
    await expectCode('E-CONFIG-UNREADABLE', () => writeLock(file, lock()))
  })

  it('fails in words where the user may not write, and says how to build all the same', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    const write = `await writeLock(${JSON.stringify(file)}, ${JSON.stringify(lock())})`
    const { code, hint } = await asNobody(folder, write)
    assert.equal(code, 'E-PERMISSION')
    assert.match(hint, /--frozen/)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('that cannot be finished leaves the lock as it was, and no part of the new one', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    await writeLock(file, lock({}))
    const large = join(folder, 'large.json')
    writeFileSync(large, JSON.stringify(lock({ large: set(...Array.from({ length: 99 }, () => curl)) })))
    const script = `
      import { readFileSync } from 'node:fs'
      import { writeLock } from ${JSON.stringify(fileURLToPath(new URL('file.ts', import.meta.url)))}
      await writeLock(${JSON.stringify(file)}, JSON.parse(readFileSync(${JSON.stringify(large)}, 'utf8'))).then(
        () => process.exit(0),
        (error) => process.exit(error.code === 'E-DISK-FULL' ? 77 : 1),
      )`
    // A file may have so many blocks of 512 bytes: it ends as on a full disk.
    const limited = [
      '-c',
      'ulimit -f 4; exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ]
    const { status, stderr } = spawnSync('sh', limited, { encoding: 'utf8' })
    assert.equal(status, 77, stderr)
    assert.deepEqual(await readLock(file), lock({}))
    assert.deepEqual(readdirSync(folder).toSorted(), [lockFileName, 'large.json'].toSorted())
  })
})

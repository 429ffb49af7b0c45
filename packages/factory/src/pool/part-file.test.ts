import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { partOf, sweepParts } from './part-file.ts'

const module = JSON.stringify(fileURLToPath(new URL('part-file.ts', import.meta.url)))
const nodeArguments = (script: string) => [
  '--input-type=module',
  '-e',
  `import { partOf } from ${module}\n${script}`,
]

/** The name that another process gives to a part, and that process where it shall live. */
function partOfDead(path: string): string {
  const script = `process.stdout.write(partOf(${JSON.stringify(path)}))`
  return spawnSync(process.execPath, nodeArguments(script), { encoding: 'utf8' }).stdout
}

async function partOfLiving(t: TestContext, path: string) {
  const script = `process.stdout.write(partOf(${JSON.stringify(path)}) + '\\n'); process.stdin.resume()`
  const child = spawn(process.execPath, nodeArguments(script), { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  return { name: line.toString().trim(), kill }
}

const hour = 60 * 60 * 1000

/** A folder with files of those names, written so long ago. */
function folderWith(t: TestContext, names: readonly string[], ageMs = 0) {
  const folder = temporaryFolder(t)
  const written = new Date(Date.now() - ageMs)
  for (const path of names) {
    plant(folder, { [basename(path)]: 'part' })
    utimesSync(join(folder, basename(path)), written, written)
  }
  return { folder, names: () => readdirSync(folder).toSorted() }
}

describe('parts of files', () => {
  it('stand beside the file, and never have the same name', () => {
    const names = Array.from({ length: 20 }, () => partOf('/pool/file'))
    assert.equal(new Set(names).size, 20)
    for (const name of names) assert.match(name, /^\/pool\/file\.[0-9a-f]{8}-\d+-\d+-[0-9a-f]{8}\.part$/)
  })

  it('of a dead process are removed at once', async (t) => {
    const { folder, names } = folderWith(t, [partOfDead('file'), 'file'])
    await sweepParts(folder, /^file$/)
    assert.deepEqual(names(), ['file'])
  })

  it('of a process that runs are left alone, however old they are, until it is gone', async (t) => {
    const { name, kill } = await partOfLiving(t, 'file')
    const { folder, names } = folderWith(t, [name, partOf('file')], 48 * hour)
    await sweepParts(folder, /^file$/)
    assert.equal(names().length, 2)
    await kill()
    await sweepParts(folder, /^file$/)
    assert.deepEqual(
      names().map((left) => left === name),
      [false],
    )
  })

  it('of a process whose id another one has now are removed', async (t) => {
    const reused = partOf('file').replace(/-(\d+)-\d+-/, '-$1-1-')
    const { folder, names } = folderWith(t, [reused])
    await sweepParts(folder, /^file$/)
    assert.deepEqual(names(), [])
  })

  const foreign = [`file.00000000-${process.pid}-1-00000000.part`, 'file.123-0123abcd', 'file.0123abcd']
  for (const name of foreign) {
    it(`of which nobody knows whether the process lives are left for an hour: ${name}`, async (t) => {
      const fresh = folderWith(t, [name], hour / 2)
      await sweepParts(fresh.folder, /^file$/)
      assert.deepEqual(fresh.names(), [name])
      const old = folderWith(t, [name], 2 * hour)
      await sweepParts(old.folder, /^file$/)
      assert.deepEqual(old.names(), [])
    })
  }

  it('are the only thing that is removed, and only of the files that are meant', async (t) => {
    const kept = ['file', 'file.part', 'other.0123abcd', 'file.bak', basename(partOfDead('other'))]
    const { folder, names } = folderWith(t, kept, 48 * hour)
    plant(folder, { [basename(partOfDead('file'))]: 'folder/' })
    await sweepParts(folder, /^file$/)
    assert.equal(names().length, kept.length + 1)
  })

  it('are none in a folder that is not there', async (t) => {
    await sweepParts(join(temporaryFolder(t), 'missing'), /^file$/)
  })
})

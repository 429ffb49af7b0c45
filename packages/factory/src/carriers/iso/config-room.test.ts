import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { KiB } from '@kiln/contract'
import { makeSampleIso } from '../../testkit/sample-iso.ts'
import { expectCode, plant, temporaryFolder } from '../../testkit/testkit.ts'
import { inMemory, part, wholeOf } from '../../verify/bytes.ts'
import { readIso } from '../../verify/iso9660.ts'
import { putConfig, stageRoom } from './config-room.ts'

const other = Buffer.from('of another file')

/** An ISO as a build leaves it. @param config undefined where the definition names none */
async function makeIso(t: TestContext, config?: string): Promise<string> {
  const folder = temporaryFolder(t)
  plant(folder, config === undefined ? { tree: 'folder/' } : { 'tree/config.yaml': config })
  const staged = await stageRoom(join(folder, 'tree'))
  const file = join(folder, 'a.iso')
  const room = readFileSync(join(folder, 'tree/config.yaml'))
  const files = [
    { name: 'config.yaml', content: room },
    { name: 'other', content: other },
  ]
  writeFileSync(file, makeSampleIso(files))
  await put(file, staged)
  return file
}

async function put(file: string, config: Buffer | string): Promise<void> {
  const medium = await open(file, 'r+')
  await putConfig(medium, Buffer.from(config)).finally(() => medium.close())
}

/** What a reader sees that knows nothing of the writer. */
async function contentOf(file: string, path: string): Promise<string | undefined> {
  const medium = inMemory(readFileSync(file))
  const found = (await readIso(medium)).files.find((each) => each.path === path)
  return found && (await wholeOf(part(medium, found.start, found.size))).toString('utf8')
}

describe('the cloud-config of a medium', () => {
  it('is the one of the definition, or an empty one', async (t) => {
    const config = '#cloud-config\nhostname: a\n'
    assert.equal(await contentOf(await makeIso(t, config), '/config.yaml'), config)
    assert.equal(await contentOf(await makeIso(t), '/config.yaml'), '#cloud-config\n')
  })

  it('is replaced by longer and by shorter ones, and nothing else changes', async (t) => {
    const file = await makeIso(t, '#cloud-config\nhostname: first\n')
    const original = readFileSync(file)
    for (const text of [
      `#cloud-config\n# ${'x'.repeat(200 * KiB)}\n`,
      '#cloud-config\n',
      '#cloud-config\nhostname: first\n',
    ]) {
      await put(file, text)
      assert.equal(await contentOf(file, '/config.yaml'), text)
      assert.equal(await contentOf(file, '/other'), other.toString())
    }
    assert.deepEqual(readFileSync(file), original, 'the first one again gives the first bytes again')
  })

  it('has as much room as a large one of the build needs', async (t) => {
    const large = `#cloud-config\n# ${'x'.repeat(300 * KiB)}\n`
    const file = await makeIso(t, large)
    assert.equal(await contentOf(file, '/config.yaml'), large)
    await put(file, `#cloud-config\n# ${'y'.repeat(500 * KiB)}\n`)
  })

  it('is refused where it is larger than its room', async (t) => {
    const file = await makeIso(t)
    const before = readFileSync(file)
    const error = await expectCode('E-ISO-ROOM', () => put(file, 'x'.repeat(256 * KiB)))
    assert.match(error.message, /has 262144 bytes, and the ISO has room for 262112$/)
    assert.match(error.hint ?? '', /build the ISO with it/)
    assert.deepEqual(readFileSync(file), before)
  })

  it('is refused on an ISO that keeps no room, though what follows is empty', async (t) => {
    const file = join(temporaryFolder(t), 'a.iso')
    const files = [
      { name: 'config.yaml', content: Buffer.from('#cloud-config\n') },
      { name: 'zeros', content: Buffer.alloc(600 * KiB) },
    ]
    writeFileSync(file, makeSampleIso(files))
    const before = readFileSync(file)
    const error = await expectCode('E-ISO-ROOM', () => put(file, '#cloud-config\nhostname: a\n'))
    assert.match(error.message, /nothing marks it/)
    assert.deepEqual(readFileSync(file), before)
  })

  it('is refused where there is none, or no ISO at all', async (t) => {
    const file = join(temporaryFolder(t), 'a.iso')
    writeFileSync(file, makeSampleIso([{ name: 'other', content: other }]))
    await expectCode('E-ISO-ROOM', () => put(file, ''))
    writeFileSync(file, Buffer.alloc(100 * KiB))
    await expectCode('E-ARTIFACT-UNKNOWN', () => put(file, ''))
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { temporaryFolder } from '../testkit/testkit.ts'
import { openStore, type ResultCard, sweepDrafts } from './store.ts'

const key = 'ab'.repeat(32)
const card = (facts: unknown = {}, digest = 'd1'): ResultCard => ({
  key,
  step: 'base',
  title: 'base',
  fingerprint: { kind: 'base', version: 1, params: {}, inputs: {} },
  digest,
  content: 'never compared here',
  facts,
  made: '2026-01-01T00:00:00.000Z',
  ms: 1,
})

describe('a draft', () => {
  it('cannot be found before it is published', async (t) => {
    const store = openStore(temporaryFolder(t))
    const draft = await store.begin(key)
    writeFileSync(join(draft.files, 'made'), 'x')
    assert.equal(await store.find(key), undefined)
    await draft.publish(card({ count: 3 }))
    const found = await store.find(key)
    assert.deepEqual(found?.facts, { count: 3 })
    assert.equal(readFileSync(join(found?.folder ?? '', 'made'), 'utf8'), 'x')
  })

  it('gives the same result as a later search', async (t) => {
    const store = openStore(temporaryFolder(t))
    const published = await (await store.begin(key)).publish(card())
    assert.deepEqual(await store.find(key), published)
  })

  it('is empty, with a scratch folder on the same file system', async (t) => {
    const draft = await openStore(temporaryFolder(t)).begin(key)
    assert.deepEqual([readdirSync(draft.files), readdirSync(draft.scratch)], [[], []])
    assert.equal(statSync(draft.files).dev, statSync(draft.scratch).dev)
  })

  it('takes its scratch folder with it', async (t) => {
    const folder = temporaryFolder(t)
    const draft = await openStore(folder).begin(key)
    writeFileSync(join(draft.scratch, 'large'), 'x')
    const { folder: files } = await draft.publish(card())
    assert.deepEqual(readdirSync(files), [])
    assert.deepEqual(readdirSync(join(folder, 'drafts')), [])
    assert.equal(existsSync(draft.scratch), false)
  })

  it('leaves nothing when it is discarded, and can be discarded twice', async (t) => {
    const folder = temporaryFolder(t)
    const store = openStore(folder)
    const draft = await store.begin(key)
    writeFileSync(join(draft.files, 'made'), 'x')
    await draft.discard()
    await draft.discard()
    assert.deepEqual(readdirSync(join(folder, 'drafts')), [])
    assert.equal(await store.find(key), undefined)
  })
})

describe('a result that is there already', () => {
  const put = async (store: ReturnType<typeof openStore>, content: string, replace?: boolean) => {
    const draft = await store.begin(key, replace)
    writeFileSync(join(draft.files, 'made'), content)
    return draft.publish(card({ content }))
  }

  it('gives way to one that is to replace it', async (t) => {
    const folder = temporaryFolder(t)
    const store = openStore(folder)
    await put(store, 'old')
    const replaced = await put(store, 'new', true)
    assert.equal(readFileSync(join(replaced.folder, 'made'), 'utf8'), 'new')
    assert.deepEqual(await store.find(key), replaced)
    assert.deepEqual(readdirSync(join(folder, 'drafts')), [])
  })

  it('does not count where its card was cut off, and gives way', async (t) => {
    const folder = temporaryFolder(t)
    const store = openStore(folder)
    await put(store, 'old')
    writeFileSync(join(folder, 'objects', key, 'card.json'), '{"key": "ab')
    assert.equal(await store.find(key), undefined)
    const mended = await put(store, 'new')
    assert.equal(readFileSync(join(mended.folder, 'made'), 'utf8'), 'new')
  })
})

describe('two drafts of the same key', () => {
  it('do not see each other, and the first one stays', async (t) => {
    const folder = temporaryFolder(t)
    const store = openStore(folder)
    const [one, two] = [await store.begin(key), await store.begin(key)]
    writeFileSync(join(one.files, 'made'), 'one')
    writeFileSync(join(two.files, 'made'), 'two')
    const first = await one.publish(card({ by: 'one' }, 'd1'))
    const second = await two.publish(card({ by: 'two' }, 'd2'))
    assert.equal(readFileSync(join(second.folder, 'made'), 'utf8'), 'one')
    assert.deepEqual(second, first, 'files of one build with the card of another')
    assert.deepEqual(await store.find(key), first)
    assert.deepEqual(readdirSync(join(folder, 'drafts')), [])
  })

  it('end in one whole result, however many are published at once', async (t) => {
    const store = openStore(temporaryFolder(t))
    const results = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const draft = await store.begin(key)
        writeFileSync(join(draft.files, 'made'), `${index}`)
        return draft.publish(card({ by: index }, `${index}`))
      }),
    )
    const found = await store.find(key)
    assert.equal(readFileSync(join(found?.folder ?? '', 'made'), 'utf8'), found?.digest)
    for (const result of results) assert.deepEqual(result, found)
  })
})

describe('the store', () => {
  it('finds nothing where nothing is, and makes no folder for that', async (t) => {
    const folder = join(temporaryFolder(t), 'cache')
    assert.equal(await openStore(folder).find(key), undefined)
    assert.equal(existsSync(folder), false)
  })

  it('keeps facts as they are', async (t) => {
    const store = openStore(temporaryFolder(t))
    let number = 0
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const facts = JSON.parse(JSON.stringify(value)) as unknown
        const each = { ...card(facts), key: `${number++}` }
        await (await store.begin(each.key)).publish(each)
        assert.deepEqual((await store.find(each.key))?.facts, facts)
      }),
      { numRuns: 30 },
    )
  })
})

describe('sweeping drafts', () => {
  /** Begins a draft in another process, which is gone afterwards. */
  function abandonedDraft(folder: string): string {
    const script = `
      import { openStore } from ${JSON.stringify(new URL('store.ts', import.meta.url).href)}
      process.stdout.write((await openStore(${JSON.stringify(folder)}).begin('${key}')).files)`
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    return stdout
  }

  it('removes those of processes that are gone, and no others', async (t) => {
    const folder = temporaryFolder(t)
    const store = openStore(folder)
    const own = await store.begin(key)
    const published = await (await store.begin('cd'.repeat(32))).publish({ ...card(), key: 'cd'.repeat(32) })
    const abandoned = abandonedDraft(folder)
    assert.ok(existsSync(abandoned))
    await sweepDrafts(folder)
    assert.equal(existsSync(abandoned), false)
    assert.ok(existsSync(own.files) && existsSync(own.scratch))
    assert.ok(existsSync(published.folder))
  })

  it('does nothing where there is no cache yet', async (t) => {
    await assert.doesNotReject(sweepDrafts(join(temporaryFolder(t), 'cache')))
  })
})

import assert from 'node:assert/strict'
import { linkSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDelivery } from './deliver.ts'
import { stamp } from './run/content.ts'
import { readStamp } from './run/store.ts'
import { plant, temporaryFolder } from './testkit/testkit.ts'

test('a result is delivered with its folders, and left alone while nobody touches it', async (t) => {
  const folder = temporaryFolder(t)
  plant(folder, { 'result/a.oci/index.json': '{}', 'result/a.oci/blobs/sha256/ab': 'blob', 'result/b': 'b' })
  const deliver = async (digest: string) => {
    const delivery = openDelivery(join(folder, 'cache'))
    await delivery.add({ folder: join(folder, 'result'), digest }, join(folder, 'out'), { shared: false })
    await delivery.finish()
  }
  const out = (path: string) => join(folder, 'out', path)
  await deliver('one')
  assert.equal(readFileSync(out('a.oci/blobs/sha256/ab'), 'utf8'), 'blob')
  assert.equal(readFileSync(out('b'), 'utf8'), 'b')
  const before = statSync(out('a.oci/index.json')).ino
  await deliver('one')
  assert.equal(statSync(out('a.oci/index.json')).ino, before, 'not written again')
  writeFileSync(out('a.oci/blobs/sha256/ab'), 'touched')
  await deliver('one')
  assert.equal(readFileSync(out('a.oci/blobs/sha256/ab'), 'utf8'), 'blob')
  await deliver('two')
  assert.notEqual(statSync(out('a.oci/index.json')).ino, before, 'another result')
})

test('what is shared is the file of the store itself, and its stamp is renewed', async (t) => {
  const folder = temporaryFolder(t)
  plant(folder, { 'object/files/a.iso': 'medium', out: 'folder/' })
  const files = join(folder, 'object/files')
  const target = join(folder, 'out/a.iso')
  const deliver = async () => {
    const delivery = openDelivery(join(folder, 'cache'))
    await delivery.add({ folder: files, digest: 'one' }, join(folder, 'out'), { shared: true })
    await delivery.finish()
  }
  await deliver()
  assert.equal(statSync(target).ino, statSync(join(files, 'a.iso')).ino)
  assert.equal((await readStamp(join(folder, 'object')))?.digest, (await stamp(files)).digest)
})

test('an interrupted delivery leaves a link to the store that is never written through', async (t) => {
  const folder = temporaryFolder(t)
  plant(folder, { 'old/files/a.raw': 'kept', 'new/files/a.raw': 'another', out: 'folder/' })
  linkSync(join(folder, 'old/files/a.raw'), join(folder, 'out/a.raw.part'))
  const delivery = openDelivery(join(folder, 'cache'))
  await delivery.add({ folder: join(folder, 'new/files'), digest: 'two' }, join(folder, 'out'), {
    shared: false,
  })
  await delivery.finish()
  assert.equal(readFileSync(join(folder, 'out/a.raw'), 'utf8'), 'another')
  assert.equal(readFileSync(join(folder, 'old/files/a.raw'), 'utf8'), 'kept')
})

import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDelivery } from './deliver.ts'
import { plant, temporaryFolder } from './testkit/testkit.ts'

test('a result is delivered with its folders, and left alone while nobody touches it', async (t) => {
  const folder = temporaryFolder(t)
  plant(folder, { 'result/a.oci/index.json': '{}', 'result/a.oci/blobs/sha256/ab': 'blob', 'result/b': 'b' })
  const deliver = async (digest: string) => {
    const delivery = openDelivery(join(folder, 'cache'))
    await delivery.add({ folder: join(folder, 'result'), digest }, join(folder, 'out'))
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

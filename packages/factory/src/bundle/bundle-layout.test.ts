import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ociTypes } from '@kiln/contract'
import { blobPath, readBlobDocument, readLayoutIndex } from '../layout/read.ts'
import { findPayload } from '../registry/payload-manifest.ts'
import { readCatalog } from '../serve/catalog.ts'
import { plantLayout } from '../testkit/sample-layout.ts'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { addLayout, named, openBundle } from './bundle-layout.ts'
import { joinLayouts } from './join.ts'

const blobs = (folder: string) => readdirSync(join(folder, 'blobs/sha256')).sort()

/** Two versions of a system, which share a layer's worth of nothing but their empty configuration. */
function versions(t: TestContext) {
  const folder = temporaryFolder(t)
  const [old, young] = [join(folder, 'old'), join(folder, 'young')]
  return {
    folder: join(folder, 'bundle'),
    old,
    young,
    oldMade: plantLayout(old, { ref: 'v1', salt: '1' }),
    youngMade: plantLayout(young, { ref: 'v2', salt: '2' }),
  }
}

async function bundleOf(folder: string, layout: string, reference: string) {
  const bundle = await openBundle(folder)
  const [entry] = await addLayout(bundle, layout)
  assert.ok(entry)
  const finished = await bundle.finish([named(entry, reference, reference.split(':')[1])])
  return { ...finished, added: bundle.added() }
}

describe('a bundle', () => {
  test('has all that a layout has, under the names by which it is asked for', async (t) => {
    const { folder, old, oldMade } = versions(t)
    const { digest, size, added } = await bundleOf(folder, old, 'sample:v1')
    assert.deepEqual(blobs(folder), blobs(old))
    assert.equal(size, added)
    const text = readFileSync(join(folder, 'index.json'))
    assert.equal(digest, `sha256:${createHash('sha256').update(text).digest('hex')}`)
    const [entry] = (await readLayoutIndex(folder)).manifests
    assert.deepEqual(entry?.annotations, {
      'io.containerd.image.name': 'sample:v1',
      'org.opencontainers.image.ref.name': 'v1',
    })
    const { repositories } = await readCatalog(new Map([[folder, 'other']]))
    assert.deepEqual([...repositories.keys()].sort(), [
      'docker.io/library/sample',
      'library/sample',
      'sample',
    ])
    assert.equal(repositories.get('sample')?.tags.get('v1'), oldMade.index.digest)
  })

  test('is renewed: what is new is written, what is not named any more goes', async (t) => {
    const { folder, old, young } = versions(t)
    const first = await bundleOf(folder, old, 'sample:v1')
    const again = await bundleOf(folder, old, 'sample:v1')
    assert.deepEqual([again.digest, again.added], [first.digest, 0])
    const second = await bundleOf(folder, young, 'sample:v2')
    assert.deepEqual(blobs(folder), blobs(young))
    assert.ok(second.added > 0 && second.added < second.size)
  })

  test('goes on where it was interrupted', async (t) => {
    const { folder, old, oldMade } = versions(t)
    await bundleOf(folder, old, 'sample:v1')
    rmSync(join(folder, 'index.json'))
    const [layer] = oldMade.layers
    writeFileSync(blobPath(folder, layer?.digest ?? ''), 'half')
    await bundleOf(folder, old, 'sample:v1')
    assert.deepEqual(
      readFileSync(blobPath(folder, layer?.digest ?? '')),
      readFileSync(blobPath(old, layer?.digest ?? '')),
    )
  })

  test('takes no folder that is something else', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { 'letters/mine': 'x' })
    await expectCode('E-CONFIG-EXISTS', () => openBundle(folder))
    assert.deepEqual(readdirSync(folder), ['letters'])
  })
})

test('several architectures become one index, which keeps each of them as it was', async (t) => {
  const folder = temporaryFolder(t)
  const parts = (['amd64', 'arm64'] as const).map((arch) => {
    const layout = join(folder, arch)
    return { arch, made: plantLayout(layout, { arch, ref: arch, salt: arch }), layout }
  })
  const [amd64, arm64] = parts.map(({ layout, arch, made }) => ({
    folder: layout,
    tag: arch,
    digest: made.index.digest,
  }))
  assert.ok(amd64 && arm64)
  const joined = await joinLayouts([amd64, arm64], join(folder, 'joined'))
  const index = await readBlobDocument(joined.folder, { mediaType: ociTypes.index, digest: joined.digest })
  assert.ok('index' in index)
  assert.deepEqual(
    index.index.manifests.map(({ digest, platform }) => [platform?.architecture, digest]),
    parts.flatMap(({ arch, made }) => [
      [arch, made.image.digest],
      ['unknown', made.payload.digest],
    ]),
  )
  const text = JSON.stringify(index.index)
  for (const { arch, made } of parts) {
    assert.deepEqual(findPayload(text, 'sample', arch), { kind: 'elsewhere', digest: made.payload.digest })
  }
  const all = new Set(parts.flatMap(({ layout }) => blobs(layout)))
  for (const { made } of parts) all.delete(made.index.digest.replace('sha256:', ''))
  assert.deepEqual(blobs(joined.folder), [...all, joined.digest.replace('sha256:', '')].sort())
})

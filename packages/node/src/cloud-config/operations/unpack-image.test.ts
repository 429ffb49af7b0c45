import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { actorWithRegistry, imageRegistry, packedLayer } from '../../testkit/image-registry.ts'

test('unpack_images: layers over each other, without what a later one takes away', async (t) => {
  const layers = [
    packedLayer(t, { 'bin/tool': 'old', 'bin/gone': 'x', 'lib/a/one': 'x' }),
    packedLayer(t, { 'bin/tool': 'new', 'bin/.wh.gone': '', 'lib/a/.wh..wh..opq': '', 'lib/a/two': 'y' }),
  ]
  const { host } = await imageRegistry(t, layers)
  const { act, folder } = actorWithRegistry(t, host)
  const image = {
    kind: 'unpack-image',
    source: `docker://${host}/tools:v1`,
    target: '/opt/tools',
    platform: 'linux/amd64',
  } as const
  assert.deepEqual(act(image), [])
  assert.equal(readFileSync(join(folder, 'opt/tools/bin/tool'), 'utf8'), 'new')
  assert.deepEqual(
    ['bin/gone', 'bin/.wh.gone', 'lib/a/one', 'lib/a/two'].map((path) =>
      existsSync(join(folder, 'opt/tools', path)),
    ),
    [false, false, false, true],
  )
  assert.ok(!existsSync(join(folder, 'opt/tools/.kiln-layer')))
})

test('unpack_images: a layer that takes everything away, in a folder of which nothing beside can be written', async (t) => {
  const layers = [packedLayer(t, { old: 'x' }), packedLayer(t, { '.wh..wh..opq': '', young: 'y' })]
  const { host } = await imageRegistry(t, layers)
  const { act, folder } = actorWithRegistry(t, host)
  mkdirSync(join(folder, 'only/this'), { recursive: true })
  const image = { source: `${host}/tools:v1`, target: '/only/this/', platform: 'linux/amd64' }
  assert.deepEqual(act({ kind: 'unpack-image', ...image }), [])
  assert.deepEqual(readdirSync(join(folder, 'only/this')), ['young'])
  assert.deepEqual(readdirSync(join(folder, 'only')), ['this'])
})

test('unpack_images: an architecture that is not there, and a name that is none', async (t) => {
  const { host } = await imageRegistry(t, [])
  const { act } = actorWithRegistry(t, host)
  const image = { kind: 'unpack-image', target: '/x' } as const
  assert.match(
    act({ ...image, source: `${host}/tools:v1`, platform: 'linux/arm64' })[0] ?? '',
    /no image for linux\/arm64/,
  )
  assert.match(act({ ...image, source: 'A B', platform: undefined })[0] ?? '', /not the name of an image/)
})

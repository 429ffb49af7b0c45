import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { actorWithRegistry, imageRegistry, packedLayer } from '../../testkit/image-registry.ts'
import { bringBundle } from './bundle.ts'
import { failuresOf } from './execute.ts'

const script = `#!/bin/sh
echo "$PWD $CONTAINERDIR $BUNDLE_TARGET" >> "$(cat record)"
cat data >> "$(cat record)"
`

async function machine(context: TestContext) {
  const record = join(mkdtempSync(join(tmpdir(), 'kiln-bundle-')), 'record')
  context.after(() => rmSync(join(record, '..'), { recursive: true, force: true }))
  const layer = packedLayer(context, { 'run.sh': script, record: `${record}\n`, data: 'data\n' })
  const { host } = await imageRegistry(context, [layer])
  const { folder, actor, act, warnings } = actorWithRegistry(context, host)
  const image = `${host}/tools:v1`
  const bring = (target: string, into = '/', isFile = false) =>
    act({ kind: 'bundle', target, folder: into, isFile })
  return { folder, actor, warnings, record, layer, image, bring }
}

test('bundles: an image is unpacked, and not again', async (t) => {
  const { folder, image, bring } = await machine(t)
  assert.deepEqual(bring(`container://${image}`, '/usr/local/tools'), [])
  const data = join(folder, 'usr/local/tools/data')
  assert.equal(readFileSync(data, 'utf8'), 'data\n')
  writeFileSync(data, 'changed by the node\n')
  assert.deepEqual(bring(`container://${image}`, '/usr/local/tools'), [])
  assert.equal(readFileSync(data, 'utf8'), 'changed by the node\n')
  assert.deepEqual(bring(`docker://${image}`, '/usr/local/other'), [])
  assert.ok(existsSync(join(folder, 'usr/local/other/data')), 'another folder is another bundle')
})

test('bundles: run.sh is run in its image, once, and leaves nothing', async (t) => {
  const { folder, image, record, bring } = await machine(t)
  assert.deepEqual([bring(`run://${image}`), bring(`run://${image}`)], [[], []])
  const [said = '', data, ...more] = readFileSync(record, 'utf8').trimEnd().split('\n')
  const [cwd, container, target] = said.split(' ')
  assert.deepEqual([cwd, target, data, more], [container, image, 'data', []])
  assert.deepEqual(readdirSync(join(folder, 'usr/local/.kiln/bundle')), [])
})

test('bundles: one that failed is brought the next time', async (t) => {
  const { folder, record, image, bring } = await machine(t)
  mkdirSync(record)
  assert.match(bring(`run://${image}`)[0] ?? '', /ended with/)
  rmSync(record, { recursive: true })
  assert.deepEqual(bring(`run://${image}`), [])
  assert.match(readFileSync(join(folder, 'usr/local/.kiln/bundles.json'), 'utf8'), /run:\/\//)
})

test('bundles: an archive of docker save, and one that is none', async (t) => {
  const { folder, layer, bring } = await machine(t)
  const saved = join(folder, 'saved')
  mkdirSync(join(saved, 'abc'), { recursive: true })
  writeFileSync(join(saved, 'abc/layer.tar'), readFileSync(layer))
  const save = (layers: readonly string[]) => {
    writeFileSync(
      join(saved, 'manifest.json'),
      JSON.stringify([{ Config: 'c', RepoTags: null, Layers: layers }]),
    )
    execFileSync('tar', ['-C', saved, '-cf', join(folder, 'image.tar'), '.'])
  }
  save(['abc/layer.tar'])
  assert.deepEqual(bring('container:///image.tar', '/usr/local/tools', true), [])
  assert.ok(existsSync(join(folder, 'usr/local/tools/data')))
  assert.deepEqual(
    readdirSync(join(folder, 'usr/local')).filter((name) => name !== '.kiln'),
    ['tools'],
  )
  save(['../../layer.tar'])
  assert.match(bring('container:///image.tar', '/usr/local/more', true)[0] ?? '', /is no archive of an image/)
})

const refused: readonly (readonly [target: string, folder: string, message: RegExp])[] = [
  ['package://utils/edgevpn', '/', /packages of luet/],
  ['container://example.org/x', '/', /into the root, which is read-only/],
  ['container://A B', '/usr/local', /not the name of an image/],
]
for (const [target, folder, message] of refused) {
  test(`bundles: ${target} in ${folder} is refused`, async (t) => {
    const { bring } = await machine(t)
    assert.match(bring(target, folder)[0] ?? '', message)
  })
}

test('bundles: while installing, only what is on the partitions is kept', async (t) => {
  const { folder, actor, image } = await machine(t)
  const shown = [{ folder: join(folder, 'persistent'), at: '/usr/local' }]
  const bring = (into: string) =>
    failuresOf(() =>
      bringBundle(
        { kind: 'bundle', target: `container://${image}`, folder: into, isFile: false },
        actor,
        shown,
      ),
    )
  assert.deepEqual(bring('/usr/local/tools'), [])
  assert.ok(existsSync(join(folder, 'persistent/tools/data')))
  assert.match(readFileSync(join(folder, 'persistent/.kiln/bundles.json'), 'utf8'), /\/usr\/local\/tools/)
  assert.match(bring('/opt/tools')[0] ?? '', /only what is below \/usr\/local is kept, and not \/opt\/tools/)
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { nodeHost } from '../../host/node.ts'
import { realActor } from '../../testkit/actors.ts'
import { type Reply, webServer } from '../../testkit/web-server.ts'

/** A packed layer with these files. */
function layer(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-layer-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, 'root', path, '..'), { recursive: true })
    writeFileSync(join(folder, 'root', path), text)
  }
  execFileSync('tar', ['-C', join(folder, 'root'), '-czf', join(folder, 'layer'), '.'])
  return join(folder, 'layer')
}

const digestOf = (bytes: string | Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const type = 'application/vnd.oci.image'

/** A registry with an image for amd64 of these layers. */
async function registry(context: TestContext, layers: readonly string[]) {
  const routes: Record<string, readonly Reply[]> = {}
  const descriptors = layers.map((file) => {
    const bytes = readFileSync(file)
    routes[`/v2/tools/blobs/${digestOf(bytes)}`] = [{ file }]
    return { mediaType: `${type}.layer.v1.tar+gzip`, digest: digestOf(bytes), size: bytes.length }
  })
  const put = (value: unknown, ...names: string[]) => {
    const body = JSON.stringify(value)
    for (const name of [digestOf(body), ...names]) routes[`/v2/tools/manifests/${name}`] = [{ body }]
    return { digest: digestOf(body), size: body.length }
  }
  const config = { mediaType: `${type}.config.v1+json`, digest: digestOf('{}'), size: 2 }
  const manifest = put({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config,
    layers: descriptors,
  })
  const entry = {
    mediaType: `${type}.manifest.v1+json`,
    ...manifest,
    platform: { os: 'linux', architecture: 'amd64' },
  }
  put({ schemaVersion: 2, mediaType: `${type}.index.v1+json`, manifests: [entry] }, 'v1')
  return webServer(context, routes)
}

/** A node whose configuration allows the registry of the test. */
function node(context: TestContext, host: string) {
  const config = `#cloud-config\nkiln: {registries: {"${host}": {plain-http: true}}}\n`
  const own = nodeHost()
  return realActor(context, {
    list: (path) => (path === '/oem' ? ['registry.yaml'] : own.list(path)),
    stat: (path) =>
      path === '/oem/registry.yaml' ? { ...own.stat('/etc/passwd'), size: config.length } : own.stat(path),
    readText: (path) => (path === '/oem/registry.yaml' ? config : own.readText(path)),
  })
}

test('unpack_images: layers over each other, without what a later one takes away', async (t) => {
  const layers = [
    layer(t, { 'bin/tool': 'old', 'bin/gone': 'x', 'lib/a/one': 'x' }),
    layer(t, { 'bin/tool': 'new', 'bin/.wh.gone': '', 'lib/a/.wh..wh..opq': '', 'lib/a/two': 'y' }),
  ]
  const { host } = await registry(t, layers)
  const { act, folder } = node(t, host)
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
  assert.ok(!existsSync(join(folder, 'opt/tools.kiln-layer')))
})

test('unpack_images: an architecture that is not there, and a name that is none', async (t) => {
  const { host } = await registry(t, [])
  const { act } = node(t, host)
  const image = { kind: 'unpack-image', target: '/x' } as const
  assert.match(
    act({ ...image, source: `${host}/tools:v1`, platform: 'linux/arm64' })[0] ?? '',
    /no image for linux\/arm64/,
  )
  assert.match(act({ ...image, source: 'A B', platform: undefined })[0] ?? '', /not the name of an image/)
})

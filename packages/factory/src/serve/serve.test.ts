import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { request as send } from 'node:http'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { KilnEvent } from '../events.ts'
import { blobPath } from '../layout/read.ts'
import { plantLayout } from '../testkit/sample-layout.ts'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { isLoopback, type ServeOptions, serve } from './serve.ts'

const token = '0123456789abcdef0123456789abcdef'
const tag = '13-core-amd64-generic-v1.0.0'

/** Serves for one test. @returns a way to ask, and the events */
async function serving(t: TestContext, paths: readonly string[], changes: Partial<ServeOptions> = {}) {
  const ended = new AbortController()
  const events: KilnEvent[] = []
  const listening = Promise.withResolvers<string>()
  const options = { host: '127.0.0.1', port: 0, isPublic: false, signal: ended.signal }
  const emit = (event: KilnEvent) => void events.push(event)
  const running = serve({ paths, ...options, emit, ...changes }, ({ url }) => listening.resolve(url))
  running.catch(listening.reject)
  const url = await listening.promise
  t.after(async () => {
    ended.abort()
    await running
  })
  const ask = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, init)
  return { ask, url, events }
}

function artifactFolder(t: TestContext) {
  const folder = temporaryFolder(t)
  plant(folder, {
    'kairos-a.iso': '0123456789',
    'kairos-a.iso.sha256': 'x',
    'secret.yaml': 'password',
    '.hidden': '',
  })
  const made = plantLayout(join(folder, 'kairos-a.oci'))
  return { folder, made }
}

describe('a registry made of a layout', () => {
  test('says that it is one', async (t) => {
    const { ask } = await serving(t, [artifactFolder(t).folder])
    const answer = await ask('/v2/')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0')
  })

  test('gives out a tag, what it names, and all that belongs to it', async (t) => {
    const { folder, made } = artifactFolder(t)
    const { ask } = await serving(t, [folder])
    const top = await ask(`/v2/sample/manifests/${tag}`)
    assert.equal(top.headers.get('content-type'), made.index.mediaType)
    assert.equal(top.headers.get('docker-content-digest'), made.index.digest)
    assert.equal((await top.text()).length, made.index.size)
    for (const { digest, mediaType } of [made.image, made.payload]) {
      assert.equal((await ask(`/v2/sample/manifests/${digest}`)).headers.get('content-type'), mediaType)
    }
    for (const { digest, size } of [...made.layers, made.config, made.file]) {
      const blob = await ask(`/v2/sample/blobs/${digest}`)
      assert.deepEqual([blob.status, (await blob.arrayBuffer()).byteLength], [200, size])
      const head = await ask(`/v2/sample/blobs/${digest}`, { method: 'HEAD' })
      assert.deepEqual([head.status, head.headers.get('content-length')], [200, `${size}`])
    }
  })

  test('goes on where a transfer broke', async (t) => {
    const { folder, made } = artifactFolder(t)
    const { ask } = await serving(t, [folder])
    const [layer] = made.layers
    const path = `/v2/sample/blobs/${layer?.digest}`
    const rest = await ask(path, { headers: { range: 'bytes=2-' } })
    assert.deepEqual([rest.status, await rest.text()], [206, 'wer'])
    assert.equal(rest.headers.get('content-range'), 'bytes 2-4/5')
    assert.equal((await ask(path, { headers: { range: 'bytes=9-' } })).status, 416)
    const known = await ask(path, { headers: { 'if-none-match': rest.headers.get('etag') ?? '' } })
    assert.equal(known.status, 304)
  })

  test('lists in pages', async (t) => {
    const folder = temporaryFolder(t)
    const layouts = ['v1', 'v2', 'v3'].map((ref) => {
      plantLayout(join(folder, ref), { ref, salt: ref })
      return join(folder, ref)
    })
    const { ask } = await serving(t, layouts)
    const first = await ask('/v2/sample/tags/list?n=2')
    assert.deepEqual(await first.json(), { name: 'sample', tags: ['v1', 'v2'] })
    assert.equal(first.headers.get('link'), '</v2/sample/tags/list?n=2&last=v2>; rel="next"')
    const second = await ask('/v2/sample/tags/list?n=2&last=v2')
    assert.deepEqual(
      [await second.json(), second.headers.get('link')],
      [{ name: 'sample', tags: ['v3'] }, null],
    )
    assert.deepEqual(await (await ask('/v2/_catalog')).json(), { repositories: ['sample'] })
  })

  test('tells what is bound to an image', async (t) => {
    const { folder, made } = artifactFolder(t)
    const { ask } = await serving(t, [folder])
    const referrers = async (query: string) =>
      (await (await ask(`/v2/sample/referrers/${made.image.digest}${query}`)).json()) as {
        manifests: { digest: string }[]
      }
    assert.deepEqual(
      (await referrers('')).manifests.map(({ digest }) => digest),
      [made.payload.digest],
    )
    const type = encodeURIComponent('application/vnd.kiln.payload.v1')
    assert.equal((await referrers(`?artifactType=${type}`)).manifests.length, 1)
    assert.equal((await referrers('?artifactType=other')).manifests.length, 0)
  })

  test('stands for the registries that its images come from', async (t) => {
    const folder = temporaryFolder(t)
    const a = plantLayout(join(folder, 'a'), { ref: 'registry.k8s.io/pause:1', salt: 'a' })
    const b = plantLayout(join(folder, 'b'), { ref: 'example.org/pause:1', salt: 'b' })
    const { ask } = await serving(t, [join(folder, 'a'), join(folder, 'b')])
    const digest = async (path: string) => (await ask(path)).headers.get('docker-content-digest')
    assert.equal(await digest('/v2/registry.k8s.io/pause/manifests/1'), a.index.digest)
    assert.equal(await digest('/v2/pause/manifests/1?ns=example.org'), b.index.digest)
    assert.equal(await digest('/v2/pause/manifests/1?ns=registry.k8s.io'), a.index.digest)
    assert.equal(await digest('/v2/pause/manifests/1'), a.index.digest)
  })

  for (const [what, path, method, status, code] of [
    ['an unknown repository', '/v2/none/manifests/1', 'GET', 404, 'NAME_UNKNOWN'],
    ['an unknown tag', '/v2/sample/manifests/none', 'GET', 404, 'MANIFEST_UNKNOWN'],
    ['an unknown blob', `/v2/sample/blobs/sha256:${'0'.repeat(64)}`, 'GET', 404, 'BLOB_UNKNOWN'],
    ['an upload', '/v2/sample/blobs/uploads/', 'POST', 405, 'UNSUPPORTED'],
    ['a deletion', '/v2/sample/manifests/x', 'DELETE', 405, 'UNSUPPORTED'],
    ['a push', '/v2/sample/manifests/x', 'PUT', 405, 'UNSUPPORTED'],
  ] as const) {
    test(`refuses ${what}`, async (t) => {
      const { ask } = await serving(t, [artifactFolder(t).folder])
      const answer = await ask(path, { method })
      const { errors } = (await answer.json()) as { errors: { code: string }[] }
      assert.deepEqual([answer.status, errors[0]?.code], [status, code])
    })
  }

  test('leaves out architectures that are not there, but no layer', async (t) => {
    const { folder, made } = artifactFolder(t)
    const layout = join(folder, 'kairos-a.oci')
    rmSync(blobPath(layout, made.payload.digest))
    const { ask } = await serving(t, [layout])
    assert.equal((await ask(`/v2/sample/manifests/${made.payload.digest}`)).status, 404)
    assert.equal((await ask(`/v2/sample/manifests/${tag}`)).status, 200)
    rmSync(blobPath(layout, made.layers[0]?.digest ?? ''))
    await expectCode('E-LAYOUT-INVALID', () => serving(t, [layout]))
  })

  test('a document that was changed is noticed before anybody gets it', async (t) => {
    const { folder, made } = artifactFolder(t)
    writeFileSync(blobPath(join(folder, 'kairos-a.oci'), made.index.digest), '{}')
    await expectCode('E-LAYOUT-INVALID', () => serving(t, [folder]))
  })
})

describe('files', () => {
  test('only what is called as artifacts are', async (t) => {
    const { ask } = await serving(t, [artifactFolder(t).folder])
    assert.deepEqual(await (await ask('/artifacts/')).json(), [
      { name: 'kairos-a.iso', size: 10 },
      { name: 'kairos-a.iso.sha256', size: 1 },
    ])
    assert.equal(await (await ask('/artifacts/kairos-a.iso')).text(), '0123456789')
    const part = await ask('/artifacts/kairos-a.iso', { headers: { range: 'bytes=-3' } })
    assert.equal(await part.text(), '789')
  })

  for (const path of [
    '/artifacts/secret.yaml',
    '/artifacts/../secret.yaml',
    '/artifacts/..%2fsecret.yaml',
    '/secret.yaml',
    '/artifacts/kairos-a.oci',
    '//etc/passwd',
    '/',
  ]) {
    test(`not ${path}`, async (t) => {
      const { url } = await serving(t, [artifactFolder(t).folder])
      // fetch would tidy the path up before it asks.
      const { hostname, port } = new URL(url)
      const status = await new Promise((resolve, reject) => {
        send({ hostname, port, path }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end()
      })
      assert.equal(status, 404)
    })
  }

  test('a path that is no text is refused', async (t) => {
    const { ask } = await serving(t, [artifactFolder(t).folder])
    assert.equal((await ask('/artifacts/%ff')).status, 400)
  })
})

describe('who may read', () => {
  const withTokens = (t: TestContext, text = `# for the nodes\n${token}\n`) => {
    const file = join(temporaryFolder(t), 'tokens')
    writeFileSync(file, text)
    return file
  }
  const basic = (password: string) => `Basic ${Buffer.from(`any:${password}`).toString('base64')}`

  test('who has a token: as Bearer, as a password, or in the address', async (t) => {
    const { ask, events } = await serving(t, [artifactFolder(t).folder], { tokenFile: withTokens(t) })
    const status = async (path: string, authorization?: string) =>
      (await ask(path, { headers: authorization === undefined ? {} : { authorization } })).status
    for (const path of ['/v2/', `/v2/sample/manifests/${tag}`, '/artifacts/kairos-a.iso', '/artifacts/']) {
      assert.deepEqual(
        [
          await status(path),
          await status(path, 'Bearer wrong'),
          await status(path, basic('wrong')),
          await status(`${path}?token=wrong`),
          await status(path, `Bearer ${token}`),
          await status(path, basic(token)),
          await status(`${path}?token=${token}`),
        ],
        [401, 401, 401, 401, 200, 200, 200],
        path,
      )
    }
    assert.equal(await status('/healthz'), 200)
    assert.ok(!JSON.stringify(events).includes(token))
  })

  for (const [what, text] of [
    ['none', '# nothing\n'],
    ['a short one', 'geheim\n'],
    ['one with blanks', 'one two three four five\n'],
  ] as const) {
    test(`a file with ${what} is refused`, async (t) => {
      const tokenFile = withTokens(t, text)
      const error = await expectCode('E-USAGE', () => serving(t, [artifactFolder(t).folder], { tokenFile }))
      assert.ok(!error.message.includes('geheim'))
    })
  }

  test('others than this machine only where somebody said so', async (t) => {
    const { folder } = artifactFolder(t)
    await expectCode('E-USAGE', () => serving(t, [folder], { host: '0.0.0.0' }))
    const { ask } = await serving(t, [folder], { host: '0.0.0.0', isPublic: true })
    assert.equal((await ask('/v2/')).status, 200)
  })

  for (const [host, expected] of [
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example.org', false],
  ] as const) {
    test(`${host} is ${expected ? '' : 'not '}this machine only`, () =>
      assert.equal(isLoopback(host), expected))
  }
})

test('says who asked for what, and when it can be asked', async (t) => {
  const { ask, events, url } = await serving(t, [artifactFolder(t).folder])
  await ask('/artifacts/none?token=geheim')
  assert.deepEqual(
    events.map((event) => ({ ...event, ms: 0 })),
    [
      { event: 'listening', url, ms: 0 },
      { event: 'request', from: '127.0.0.1', method: 'GET', path: '/artifacts/none', status: 404, ms: 0 },
    ],
  )
})

test('an address that is taken is an error with its reason', async (t) => {
  const { folder } = artifactFolder(t)
  const { url } = await serving(t, [folder])
  const error = await expectCode('E-LISTEN', () => serving(t, [folder], { port: Number(new URL(url).port) }))
  assert.match(error.message, /another program listens there/)
})

test('what is not there cannot be served', async (t) => {
  const folder = temporaryFolder(t)
  await expectCode('E-ARTIFACT-MISSING', () => serving(t, [join(folder, 'none')]))
  await expectCode('E-ARTIFACT-MISSING', () => serving(t, [folder]))
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { nodeHost } from '../host/node.ts'
import { makePayload, storePayload } from '../testkit/payload-files.ts'
import {
  blobPath,
  expectReason,
  fetchAll,
  freshFolder,
  options,
  type Routes,
  registryWith,
} from '../testkit/payload-registry.ts'
import { webServer } from '../testkit/web-server.ts'
import { openImages, openSource } from './open.ts'
import { parseImage } from './reference.ts'

describe('a payload comes from', () => {
  test('a registry, by tag', async (context) => {
    const setup = await registryWith(context)
    fetchAll(setup, setup.reference)
    assert.deepEqual(readdirSync(join(setup.folder, 'work')), [], 'no answer is left behind')
  })

  test('a registry, by the digest of the index or of the payload', async (context) => {
    const setup = await registryWith(context)
    const name = setup.reference.replace(':v1', '')
    fetchAll(setup, `${name}:other@${setup.stored.index.digest}`)
    fetchAll(setup, `${name}@${setup.stored.manifest.digest}`)
  })

  test('an image layout: a folder, and a tar of it', (context) => {
    const folder = freshFolder(context)
    const made = makePayload(join(folder, 'payload'))
    storePayload(made, join(folder, 'layout'), 'v1')
    execFileSync('tar', ['-cf', join(folder, 'layout.tar'), '-C', join(folder, 'layout'), '.'])
    for (const name of ['layout', 'layout:v1', 'layout.tar', 'layout.tar:v1']) {
      fetchAll({ folder, made }, `ocifile:${join(folder, name)}`)
      rmSync(join(folder, 'target'), { recursive: true })
    }
    expectReason('not-found', () =>
      openSource(nodeHost(), `ocifile:${join(folder, 'layout')}:v2`, options(folder)).describe(),
    )
  })

  test('a folder, and a tar of it', (context) => {
    const folder = freshFolder(context)
    const made = makePayload(join(folder, 'payload'))
    execFileSync('tar', ['-czf', join(folder, 'payload.tgz'), '-C', made.folder, ...made.files])
    fetchAll({ folder, made }, `dir:${made.folder}`)
    rmSync(join(folder, 'target'), { recursive: true })
    fetchAll({ folder, made }, `file:${join(folder, 'payload.tgz')}`)
  })

  test('a folder of a web server', async (context) => {
    const folder = freshFolder(context)
    const made = makePayload(join(folder, 'payload'))
    const routes = Object.fromEntries(
      made.files.map((file) => [`/a/${file}`, [{ file: join(made.folder, file) }]]),
    )
    const { host } = await webServer(context, routes)
    fetchAll({ folder, made }, `http://${host}/a/`)
  })
})

describe('mirrors', () => {
  test('are asked first, and what they cannot give comes from the registry', async (context) => {
    const setup = await registryWith(context, (routes) => {
      const moved = Object.entries(routes).map(([path, replies]) => [
        path.replace('/v2/', '/v2/cache/'),
        replies,
      ])
      return Object.fromEntries(moved) as Routes
    })
    const broken = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [{ body: 'x'.repeat(made.payload.root.size) }],
    }))
    const settings = {
      registries: {
        [setup.server.host]: { mirrors: [broken.server.host] },
        'registry.invalid': { mirrors: [broken.server.host, `${setup.server.host}/cache`] },
      },
      allowInsecure: true,
    }
    fetchAll(setup, 'oci:registry.invalid/os/sample:v1', { settings })
    assert.ok(broken.server.asked().length > 0)
    const gone = openSource(
      nodeHost(),
      `oci:${setup.server.host}/os/other:v1`,
      options(setup.folder, { settings }),
    )
    expectReason('not-found', () => gone.describe(), /mirrors: 127\.0\.0\.1:\d+: not-found/)
  })
})

describe('tags', () => {
  test('all pages', async (context) => {
    const folder = freshFolder(context)
    const next = (last: string) => ({ link: `</v2/os/tags/list/${last}?n=2&last=${last}>; rel="next"` })
    const { host, asked } = await webServer(context, {
      '/v2/os/tags/list': [{ body: '{"name":"os","tags":["a","b"]}', headers: next('b') }],
      '/v2/os/tags/list/b': [{ body: '{"tags":["c"]}' }],
    })
    const repository = openImages(nodeHost(), parseImage(`${host}/os`), options(folder))
    assert.deepEqual(repository.tags(), ['a', 'b', 'c'])
    assert.deepEqual(
      asked().map(({ url }) => url),
      ['/v2/os/tags/list?n=1000', '/v2/os/tags/list/b?n=2&last=b'],
    )
  })

  for (const [body, reason] of [
    ['{"tags":null}', undefined],
    ['{"tags":"x"}', 'wrong-media'],
    ['<html>', 'wrong-media'],
  ] as const) {
    test(`of ${body}`, async (context) => {
      const { host } = await webServer(context, { '/v2/os/tags/list': [{ body }] })
      const repository = openImages(nodeHost(), parseImage(`${host}/os`), options(freshFolder(context)))
      if (reason) expectReason(reason, () => repository.tags())
      else assert.deepEqual(repository.tags(), [])
    })
  }
})

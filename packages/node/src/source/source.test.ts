import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { nodeHost } from '../host/node.ts'
import {
  type MadePayload,
  makePayload,
  noise,
  type StoredImage,
  storePayload,
} from '../testkit/payload-files.ts'
import { type Reply, type WebServer, webServer } from '../testkit/web-server.ts'
import { SourceError, type SourceReason } from './error.ts'
import { openImages, openSource, type SourceOptions } from './open.ts'
import { parseImage } from './reference.ts'

/** Sources with the real curl, cp, tar and sha256sum; the server is one that does as each test wants. */
function freshFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-source-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const patience = { connect: 5, stall: 1, tries: 3, pause: 10, longestPause: 20 }

function options(folder: string, changes: Partial<SourceOptions> = {}): SourceOptions {
  return {
    arch: 'amd64',
    settings: { registries: {}, allowInsecure: true },
    authFiles: [join(folder, 'auth.json')],
    work: join(folder, 'work'),
    patience,
    ...changes,
  }
}

function expectReason(reason: SourceReason, action: () => unknown, message = /./): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof SourceError, String(error))
    assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message)
    assert.ok(error.advice.length > 10)
    return true
  })
}

interface Setup {
  readonly folder: string
  readonly made: MadePayload
  readonly stored: StoredImage
  readonly server: WebServer
  readonly reference: string
}

type Routes = Record<string, readonly Reply[]>

/** A payload in a registry. @param change the routes as they should be for this test */
async function registryWith(
  context: TestContext,
  change: (routes: Routes, stored: StoredImage, made: MadePayload) => Routes = (routes) => routes,
): Promise<Setup> {
  const folder = freshFolder(context)
  const made = makePayload(join(folder, 'payload'))
  const stored = storePayload(made, join(folder, 'layout'), 'v1')
  const manifest = (digest: string): readonly Reply[] => [{ file: stored.blobs.get(digest) ?? '' }]
  const routes: Routes = {
    '/v2/os/sample/manifests/v1': manifest(stored.index.digest),
    ...Object.fromEntries(
      [stored.index.digest, stored.manifest.digest].map((digest) => [
        `/v2/os/sample/manifests/${digest}`,
        manifest(digest),
      ]),
    ),
    ...Object.fromEntries(
      [...stored.blobs].map(([digest, file]) => [`/v2/os/sample/blobs/${digest}`, [{ file }]]),
    ),
  }
  const server = await webServer(context, change(routes, stored, made))
  return { folder, made, stored, server, reference: `oci:${server.host}/os/sample:v1` }
}

const blobPath = ({ payload }: MadePayload) => `/v2/os/sample/blobs/${payload.root.digest}`

function fetchAll({ folder, made }: Pick<Setup, 'folder' | 'made'>, reference: string, changes = {}): string {
  const target = join(folder, 'target')
  mkdirSync(target, { recursive: true })
  const source = openSource(nodeHost(), reference, options(folder, changes))
  assert.deepEqual(source.describe(), { payload: made.payload, digest: made.digest })
  for (const file of made.files) source.fetch(file, join(target, file), () => {})
  for (const file of made.files) {
    assert.deepEqual(readFileSync(join(target, file)), readFileSync(join(made.folder, file)), file)
  }
  assert.deepEqual(readdirSync(target).sort(), [...made.files].sort(), 'nothing else is left')
  return target
}

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

describe('a network that breaks', () => {
  test('the transfer goes on where it broke, and little comes twice', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [70_000, 66_000, 80_000]
        .map((breakAfter): Reply => ({ file: join(made.folder, 'root.img'), breakAfter }))
        .concat({ file: join(made.folder, 'root.img') }),
    }))
    fetchAll(setup, setup.reference)
    const asked = setup.server.asked().filter(({ url }) => url === blobPath(setup.made))
    assert.equal(asked.length, 4)
    const sent = asked.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.ok(sent <= setup.made.payload.root.size * 1.05, `${sent} bytes were sent`)
  })

  test('another run goes on where the first one gave up', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        { file: join(made.folder, 'root.img'), breakAfter: 150_000 },
        { status: 404 },
        { file: join(made.folder, 'root.img') },
      ],
    }))
    expectReason('not-found', () => fetchAll(setup, setup.reference))
    assert.equal(statSync(join(setup.folder, 'target/root.img.partial')).size, 150_000)
    fetchAll(setup, setup.reference)
    const ranges = setup.server
      .asked()
      .filter(({ url }) => url === blobPath(setup.made))
      .map(({ range }) => range)
    assert.deepEqual(ranges, [undefined, 'bytes=150000-', 'bytes=150000-'])
  })

  test('a server without ranges: from the beginning', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        { file: join(made.folder, 'root.img'), breakAfter: 150_000 },
        { file: join(made.folder, 'root.img'), ranges: false },
      ],
    }))
    fetchAll(setup, setup.reference)
  })

  test('rubbish that an earlier run left is fetched anew', async (context) => {
    const setup = await registryWith(context)
    mkdirSync(join(setup.folder, 'target'))
    for (const [index, size] of [1000, setup.made.payload.root.size, 400_000].entries()) {
      rmSync(join(setup.folder, 'target/root.img'), { force: true })
      writeFileSync(join(setup.folder, 'target/root.img.partial'), noise(`rubbish ${index}`, size))
      fetchAll(setup, setup.reference)
    }
  })

  test('a file that is there already is not asked for', async (context) => {
    const setup = await registryWith(context)
    fetchAll(setup, setup.reference)
    const before = setup.server.asked().length
    fetchAll(setup, setup.reference)
    const again = setup.server.asked().slice(before)
    assert.equal(again.filter(({ url }) => url.includes('/blobs/')).length, 1, 'only the card')
  })

  test('a server that stops sending is left after a while, and asked again', async (context) => {
    const setup = await registryWith(context, (routes, _, made) => ({
      ...routes,
      [blobPath(made)]: [
        { file: join(made.folder, 'root.img'), breakAfter: 100_000, hold: true },
        { file: join(made.folder, 'root.img') },
      ],
    }))
    fetchAll(setup, setup.reference)
  })

  test('a server that is busy is asked again, and an end is made of it', async (context) => {
    const setup = await registryWith(context, (routes) => ({
      ...routes,
      '/v2/os/sample/manifests/v1': [
        { status: 503 },
        { status: 429, headers: { 'retry-after': '1' } },
        ...(routes['/v2/os/sample/manifests/v1'] ?? []),
      ],
    }))
    fetchAll(setup, setup.reference)
    const busy = await registryWith(context, (routes) => ({
      ...routes,
      '/v2/os/sample/manifests/v1': [{ status: 503 }],
    }))
    expectReason('unreachable', () => fetchAll(busy, busy.reference), /503/)
    assert.equal(busy.server.asked().length, patience.tries)
  })

  test('progress tells bytes, and ends with all of them', async (context) => {
    const { folder, reference, made } = await registryWith(context)
    const source = openSource(nodeHost(), reference, options(folder))
    const seen: number[][] = []
    source.fetch('root.img', join(folder, 'root.img'), (done, total) => seen.push([done, total]))
    assert.deepEqual(seen.at(-1), [made.payload.root.size, made.payload.root.size])
  })
})

describe('a server that lies', () => {
  const cases: readonly (readonly [string, SourceReason, RegExp, Parameters<typeof registryWith>[1]])[] = [
    [
      'other bytes of the right length',
      'digest-mismatch',
      /root\.img/,
      (routes, _, made) => ({ ...routes, [blobPath(made)]: [{ body: 'x'.repeat(made.payload.root.size) }] }),
    ],
    [
      'too few bytes, and says so',
      'truncated',
      /less than the 300000 bytes/,
      (routes, _, made) => ({
        ...routes,
        [blobPath(made)]: [{ body: 'x'.repeat(1000), ranges: false }, { status: 416 }],
      }),
    ],
    [
      'too many bytes',
      'digest-mismatch',
      /more bytes than/,
      (routes, _, made) => ({
        ...routes,
        [blobPath(made)]: [{ file: join(made.folder, 'root.img'), extra: 1000 }],
      }),
    ],
    [
      'breaks off each time at once',
      'truncated',
      /root\.img/,
      (routes, _, made) => ({
        ...routes,
        [blobPath(made)]: [{ file: join(made.folder, 'root.img'), breakAfter: 10 }],
      }),
    ],
    [
      'another manifest than the digest says',
      'digest-mismatch',
      /answers with sha256/,
      (routes, stored) => ({
        ...routes,
        [`/v2/os/sample/manifests/${stored.manifest.digest}`]: [{ body: `${stored.manifest.text} ` }],
      }),
    ],
    [
      'a manifest with another file than the card names',
      'digest-mismatch',
      /its manifest has another root\.img/,
      (routes, stored, made) => {
        const text = stored.manifest.text.replaceAll(made.payload.root.digest, made.payload.uki.digest)
        return {
          ...routes,
          '/v2/os/sample/manifests/v1': [{ body: text }],
        }
      },
    ],
    [
      'no such tag',
      'not-found',
      /os\/sample:v1/,
      (routes) => ({ ...routes, '/v2/os/sample/manifests/v1': [{ status: 404 }] }),
    ],
    [
      'a page in place of a manifest',
      'wrong-media',
      /no manifest/,
      (routes) => ({ ...routes, '/v2/os/sample/manifests/v1': [{ body: '<html>Log in</html>' }] }),
    ],
    [
      'an ordinary container image',
      'wrong-media',
      /container image/,
      (routes, stored) => {
        const { manifests } = JSON.parse(stored.index.text) as { manifests: unknown[] }
        const text = JSON.stringify({ manifests: manifests.slice(0, 1) })
        return { ...routes, '/v2/os/sample/manifests/v1': [{ body: text }] }
      },
    ],
    [
      'no access',
      'unauthorized',
      /does not give out os\/sample/,
      (routes) => ({ ...routes, '/v2/os/sample/manifests/v1': [{ status: 403 }] }),
    ],
  ]
  for (const [name, reason, message, change] of cases) {
    test(name, async (context) => {
      const setup = await registryWith(context, change)
      expectReason(reason, () => fetchAll(setup, setup.reference), message)
      assert.ok(
        !readdirSync(join(setup.folder, 'target')).includes('root.img'),
        'nothing passes for the file',
      )
    })
  }

  test('another architecture', async (context) => {
    const setup = await registryWith(context)
    expectReason(
      'wrong-architecture',
      () => fetchAll(setup, setup.reference, { arch: 'arm64' }),
      /it has: amd64/,
    )
  })

  test('nobody there', (context) => {
    const folder = freshFolder(context)
    const source = openSource(nodeHost(), 'oci:127.0.0.1:1/os:v1', options(folder))
    expectReason('unreachable', () => source.describe(), /127\.0\.0\.1:1\/os:v1/)
  })

  test('plain HTTP, which nobody allowed', async (context) => {
    const { folder, reference, server } = await registryWith(context)
    const settings = { registries: {}, allowInsecure: false }
    const source = openSource(nodeHost(), reference, options(folder, { settings }))
    expectReason('insecure', () => source.describe())
    assert.deepEqual(server.asked(), [])
    expectReason('insecure', () =>
      openSource(nodeHost(), `http://${server.host}/a`, options(folder, { settings })),
    )
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

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Host } from '../host/host.ts'
import { nodeHost } from '../host/node.ts'
import { makePayload, storePayload } from '../testkit/payload-files.ts'
import { type Reply, type WebServer, type WebServerData, webServer } from '../testkit/web-server.ts'
import { SourceError, type SourceReason } from './error.ts'
import { openSource, type SourceOptions } from './open.ts'

/** Credentials, with the real curl. No secret may be in an argument or a message. */
const secrets = ['ge"heim\\x', 'the-token', 'new-token', 'identity-secret']
const password = secrets[0] ?? ''
const basic = Buffer.from(`user:${password}`).toString('base64')

interface Setup {
  readonly folder: string
  readonly server: WebServer
  readonly root: string
  /** Fetches the root image. */
  fetch(changes?: Partial<SourceOptions>): void
}

interface Wanted {
  /** Of `auths`, by the host of the registry. */
  readonly entry?: object
  /** What all paths of the registry want. */
  readonly needs: readonly Pick<Reply, 'needs' | 'challenge'>[]
  readonly more?: WebServerData['routes']
  readonly tls?: WebServerData['tls']
  readonly change?: (reply: Reply, path: string) => readonly Reply[]
}

async function setUp(context: TestContext, wanted: Wanted): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-auth-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const made = makePayload(join(folder, 'payload'))
  const { blobs, index, manifest } = storePayload(made, join(folder, 'layout'), 'v1')
  const files: readonly (readonly [string, string])[] = [
    ['/v2/os/manifests/v1', index.digest],
    [`/v2/os/manifests/${manifest.digest}`, manifest.digest],
    ...[...blobs.keys()].map((digest) => [`/v2/os/blobs/${digest}`, digest] as const),
  ]
  const change = wanted.change ?? ((reply) => [reply])
  const routes = Object.fromEntries(
    files.map(([path, digest]) => {
      const file = blobs.get(digest) ?? ''
      return [path, wanted.needs.flatMap((need) => change({ file, ...need }, path))]
    }),
  )
  const server = await webServer(context, { ...routes, ...wanted.more }, wanted.tls)
  const auths = wanted.entry === undefined ? {} : { [server.host]: wanted.entry }
  writeFileSync(join(folder, 'auth.json'), JSON.stringify({ auths }))
  const fetch = (changes: Partial<SourceOptions> = {}) => {
    const { host, seen } = watchedHost()
    try {
      const source = openSource(host, `oci:${server.host}/os:v1`, {
        arch: 'amd64',
        settings: { registries: {}, allowInsecure: wanted.tls === undefined },
        authFiles: [join(folder, 'auth.json')],
        work: join(folder, 'work'),
        patience: { connect: 5, stall: 5, tries: 3, pause: 10, longestPause: 20 },
        ...changes,
      })
      source.fetch('root.img', join(folder, 'root.img'), () => {})
    } finally {
      for (const secret of [...secrets, basic])
        assert.ok(!seen.join('\n').includes(secret), 'no secret in argv')
    }
    assert.deepEqual(readFileSync(join(folder, 'root.img')), readFileSync(join(made.folder, 'root.img')))
  }
  return { folder, server, root: `/v2/os/blobs/${made.payload.root.digest}`, fetch }
}

function watchedHost(): { host: Host; seen: string[] } {
  const node = nodeHost()
  const seen: string[] = []
  const run: Host['run'] = (argv, options) => {
    seen.push(argv.join(' '), JSON.stringify(options?.env ?? {}))
    return node.run(argv, options)
  }
  return { host: { ...node, run }, seen }
}

function expectReason(reason: SourceReason, action: () => unknown, message: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof SourceError, String(error))
    assert.equal(error.reason, reason, error.message)
    assert.match(error.message, message)
    for (const secret of [...secrets, basic]) assert.ok(!error.message.includes(secret))
    return true
  })
}

const wantsBasic = [{ needs: `Basic ${basic}`, challenge: 'Basic realm="kiln"' }]

describe('a registry that wants a password', () => {
  for (const [name, entry] of [
    ['encoded, as docker writes it', { auth: basic }],
    ['with its user', { username: 'user', password }],
  ] as const) {
    test(name, async (context) => (await setUp(context, { entry, needs: wantsBasic })).fetch())
  }

  test('none is there', async (context) => {
    const { fetch } = await setUp(context, { needs: wantsBasic })
    expectReason('unauthorized', fetch, /wants credentials, and there are none/)
  })

  test('another one is there: the file is named', async (context) => {
    const { fetch } = await setUp(context, { entry: { auth: 'eDp5' }, needs: wantsBasic })
    expectReason('unauthorized', fetch, /the credentials of .*auth\.json are wrong, expired, or not for this/)
  })

  test('the file is broken, and not quoted', async (context) => {
    const { fetch, folder } = await setUp(context, { needs: wantsBasic })
    writeFileSync(join(folder, 'auth.json'), `{"auths": ${password}`)
    expectReason('bad-settings', fetch, /auth\.json is not what docker login writes/)
  })

  test('a server of another name does not get it by a redirect', async (context) => {
    const other = await webServer(context, { '*': [{ status: 200, body: 'x' }] })
    const { fetch } = await setUp(context, {
      entry: { auth: basic },
      needs: wantsBasic,
      change: (reply, path) =>
        path.includes('/blobs/')
          ? [
              {
                ...reply,
                status: 307,
                headers: { location: `http://localhost:${other.host.split(':')[1]}/x` },
              },
            ]
          : [reply],
    })
    expectReason('truncated', fetch, /./)
    assert.ok(other.asked().length > 0)
    for (const { authorization } of other.asked()) assert.equal(authorization, undefined)
  })
})

/** A registry that wants tokens from a realm, which is on the same server. */
function tokens(realm: Reply | readonly Reply[], needs = 'Bearer the-token') {
  return async (context: TestContext, entry?: object, change?: Wanted['change']) => {
    const auth = await webServer(context, { '/token': Array.isArray(realm) ? realm : [realm as Reply] })
    const challenge = `Bearer realm="http://${auth.host}/token",service="a service",scope="repository:os:pull"`
    const setup = await setUp(context, {
      ...(entry ? { entry } : {}),
      needs: [{ needs, challenge }],
      ...(change ? { change } : {}),
    })
    return { ...setup, auth }
  }
}

describe('a registry that wants a token', () => {
  test('that everybody gets', async (context) => {
    const { fetch, auth } = await tokens({ body: '{"token":"the-token"}' })(context)
    fetch()
    const [asked, ...others] = auth.asked()
    const form = new URLSearchParams(asked?.url.split('?')[1])
    assert.deepEqual(Object.fromEntries(form), { service: 'a service', scope: 'repository:os:pull' })
    assert.deepEqual([asked?.authorization, others], [undefined, []], 'one token is enough')
  })

  test('for a password', async (context) => {
    const { fetch } = await tokens({ needs: `Basic ${basic}`, body: '{"access_token":"the-token"}' })(
      context,
      {
        auth: basic,
      },
    )
    fetch()
  })

  test('for an identity token, by a form', async (context) => {
    const { fetch, auth } = await tokens({ body: '{"access_token":"the-token"}' })(context, {
      identitytoken: 'identity-secret',
    })
    fetch()
    const [asked] = auth.asked()
    assert.equal(asked?.method, 'POST')
    assert.match(asked?.form ?? '', /grant_type=refresh_token.*refresh_token=identity-secret/)
  })

  test('that is on this machine already', async (context) => {
    const { fetch, auth } = await tokens({ status: 500 })(context, { registrytoken: 'the-token' })
    fetch()
    assert.deepEqual(auth.asked(), [])
  })

  test('credentials are expired', async (context) => {
    const { fetch } = await tokens({ status: 401 })(context, { auth: basic })
    expectReason('unauthorized', fetch, /auth\.json are wrong, expired/)
  })

  test('the realm gives no token', async (context) => {
    const { fetch } = await tokens({ body: '<html>' })(context)
    expectReason('unreachable', fetch, /is no token/)
  })

  test('the token is not good enough', async (context) => {
    const { fetch } = await tokens({ body: '{"token":"new-token"}' })(context)
    expectReason('unauthorized', fetch, /there are none for it/)
  })

  test('the token expires while a file is being fetched', async (context) => {
    const realm = [{ body: '{"token":"the-token"}' }, { body: '{"token":"new-token"}' }]
    const { fetch, root, server } = await tokens(realm)(context, undefined, (reply, path) =>
      path.includes('/blobs/')
        ? [
            { ...reply, breakAfter: 100_000 },
            { ...reply, needs: 'Bearer new-token' },
          ]
        : [reply],
    )
    fetch()
    const asked = server.asked().filter(({ url }) => url === root)
    assert.deepEqual(
      asked.map(({ status, range }) => [status, range]),
      [
        [200, undefined],
        [401, 'bytes=100000-'],
        [206, 'bytes=100000-'],
      ],
    )
  })

  test('a password does not go to a realm without encryption', async (context) => {
    const tls = certificate(context)
    const auth = await webServer(context, { '/token': [{ body: '{"token":"the-token"}' }] })
    const { fetch } = await setUp(context, {
      entry: { auth: basic },
      needs: [{ needs: 'Bearer the-token', challenge: `Bearer realm="http://${auth.host}/token"` }],
      tls,
    })
    const settings = { registries: { '*': { ca: tls.file } }, allowInsecure: false }
    expectReason('insecure', () => fetch({ settings }), /without encryption/)
    assert.deepEqual(auth.asked(), [])
  })
})

describe('certificates', () => {
  test('of a private authority, which is named', async (context) => {
    const tls = certificate(context)
    const { fetch, server } = await setUp(context, { entry: { auth: basic }, needs: wantsBasic, tls })
    fetch({ settings: { registries: { [server.host]: { ca: tls.file } }, allowInsecure: false } })
  })

  test('of an authority that nobody knows', async (context) => {
    const { fetch } = await setUp(context, { needs: wantsBasic, tls: certificate(context) })
    expectReason('untrusted', fetch, /certificate/)
  })

  test('a registry without encryption, where that is not allowed', async (context) => {
    const { fetch } = await setUp(context, { needs: [{}] })
    const settings = { registries: {}, allowInsecure: false }
    expectReason('insecure', () => fetch({ settings }), /wrong version number|record/)
  })
})

function certificate(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-cert-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'ca.pem')]
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    key,
    '-out',
    file,
  ]
  const named = ['-days', '2', '-subj', '/CN=kiln', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...made, ...named], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(file, 'utf8'), file }
}

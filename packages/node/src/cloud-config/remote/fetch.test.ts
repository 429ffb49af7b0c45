import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { type RootedNode, rootedNode } from '../../testkit/rooted-node.ts'
import { webServer } from '../../testkit/web-server.ts'
import { parseAddress } from './address.ts'
import { copiesFolder } from './copies.ts'
import { remoteFetcher } from './fetcher.ts'
import { type Fetched, resolveRemote } from './resolve.ts'

const config = '#cloud-config\nhostname: a\n'
const digest = createHash('sha256').update(config).digest('hex')

interface Options {
  readonly bytes?: number
  readonly trusted?: string
  readonly patienceMs?: number
  readonly network?: boolean
}

function fetch({ host }: RootedNode, url: string, options: Options = {}): Fetched {
  const address = parseAddress(url)
  assert.ok(typeof address !== 'string', String(address))
  const { bytes = 100_000, trusted = address.authority, network = true, patienceMs = 20_000 } = options
  return remoteFetcher(host, { network, root: '', patienceMs })(address, { bytes, trusted })
}

const reasonOf = (fetched: Fetched) => (fetched.ok ? 'fetched' : fetched.reason)

describe('what is fetched', () => {
  test('is kept, readable by root alone, and used when nobody answers', async (context) => {
    const node = rootedNode(context)
    const server = await webServer(context, { '/a.yaml': [{ body: config }, { status: 503 }] })
    const url = `http://${server.host}/a.yaml?token=x`
    assert.deepEqual(fetch(node, url), { ok: true, text: config })
    const [copy] = node.host.list(copiesFolder)
    assert.match(copy ?? '', /^[0-9a-f]{64}\.json$/)
    assert.equal(node.host.stat(`${copiesFolder}/${copy}`).mode, 0o600)

    const later = fetch(node, url)
    assert.ok(later.ok)
    assert.deepEqual([later.text, later.copy?.reason], [config, 'unreachable'])
    const early = fetch(node, url, { network: false })
    assert.ok(early.ok && early.copy?.reason === 'offline')
  })

  test('has its pin, or is not used', async (context) => {
    const node = rootedNode(context)
    const server = await webServer(context, {
      '/a': [{ body: config }, { body: '#cloud-config\nhostname: evil\n' }],
    })
    const pinned = `http://${server.host}/a#sha256=${digest}`
    assert.deepEqual(fetch(node, pinned), { ok: true, text: config })
    const later = fetch(node, pinned)
    assert.ok(later.ok && later.text === config && later.copy?.reason === 'digest-mismatch')
    const other = fetch(node, `http://${server.host}/a#sha256=${'0'.repeat(64)}`)
    assert.equal(reasonOf(other), 'digest-mismatch')
  })

  test('is no page of somebody else, even where a copy was good', async (context) => {
    const node = rootedNode(context)
    const server = await webServer(context, { '/a': [{ body: config }, { body: '<html>log in</html>' }] })
    const url = `http://${server.host}/a`
    fetch(node, url)
    const later = fetch(node, url)
    assert.ok(later.ok && later.text === config && later.copy?.reason === 'no-header')
  })

  test('is not there without network and without a copy', (context) => {
    assert.equal(reasonOf(fetch(rootedNode(context), 'http://s.example/', { network: false })), 'offline')
  })

  test('is not taken from a copy that was damaged or is of another address', async (context) => {
    const node = rootedNode(context)
    const server = await webServer(context, { '/a': [{ body: config }] })
    fetch(node, `http://${server.host}/a`)
    const [name = ''] = node.host.list(copiesFolder)
    const path = `${copiesFolder}/${name}`
    const text = node.host.readText(path)
    for (const bad of ['', '{', text.slice(0, -20), text.replace('/a"', '/b"')]) {
      node.host.write(path, bad)
      assert.equal(reasonOf(fetch(node, `http://${server.host}/a`, { network: false })), 'offline')
    }
  })
})

describe('redirects', () => {
  test('on the same server lead on', async (context) => {
    const server = await webServer(context, {
      '/a': [{ status: 302, headers: { location: 'b' } }],
      '/b': [{ status: 307, headers: { location: '/c' } }],
      '/c': [{ body: config }],
    })
    assert.deepEqual(fetch(rootedNode(context), `http://${server.host}/a`), { ok: true, text: config })
  })

  for (const [title, location] of [
    ['a file', 'file:///etc/passwd'],
    ['this machine', 'http://localhost:9/'],
    ['another port of this machine', 'http://127.0.0.1:9/'],
    ['this machine, written in another way', 'http://2130706433:9/'],
    ['a metadata service', 'http://169.254.169.254/latest/user-data'],
    ['another protocol', 'gopher://x.example/'],
    ['nonsense', 'http://a b'],
  ] as const) {
    test(`to ${title} do not`, async (context) => {
      const server = await webServer(context, { '/a': [{ status: 302, headers: { location } }] })
      assert.equal(reasonOf(fetch(rootedNode(context), `http://${server.host}/a`)), 'forbidden')
    })
  }

  test('without end end', async (context) => {
    const server = await webServer(context, { '/a': [{ status: 302, headers: { location: '/a' } }] })
    assert.equal(reasonOf(fetch(rootedNode(context), `http://${server.host}/a`)), 'unreachable')
    assert.equal(server.asked().length, 6)
  })
})

describe('a server that means harm', () => {
  test('a length beyond the limit is not begun', async (context) => {
    const headers = { 'content-length': String(1024 ** 3) }
    const server = await webServer(context, { '/a': [{ body: config, headers, breakAfter: 5, hold: true }] })
    assert.equal(reasonOf(fetch(rootedNode(context), `http://${server.host}/a`)), 'too-large')
  })

  test('a body without length and without end is cut off', async (context) => {
    const node = rootedNode(context)
    const server = await webServer(context, { '/a': [{ body: '#cloud-config\n', endless: true }] })
    const found = fetch(node, `http://${server.host}/a`, { bytes: 65_536 })
    assert.equal(reasonOf(found), 'too-large')
  })

  test('who sends nothing is not waited for', async (context) => {
    const node = rootedNode(context)
    const server = await webServer(context, {
      '/a': [{ body: `${config}${'#'.repeat(99)}`, breakAfter: 20, hold: true }],
    })
    assert.equal(reasonOf(fetch(node, `http://${server.host}/a`, { patienceMs: 3000 })), 'too-slow')
  })

  test('a name that stands for this machine is not used, whatever it is called', async (context) => {
    const server = await webServer(context, { '*': [{ body: config }] })
    const [, port] = server.host.split(':')
    const node = rootedNode(context)
    // curl goes where the test says: as if a name server had said so.
    const resolve = `resolve = "s.example:${port}:127.0.0.1"`
    const run: typeof node.host.run = (argv, options) =>
      node.host.run(argv, { ...options, input: `${options?.input ?? ''}\n${resolve}\n` })
    const found = fetch({ ...node, host: { ...node.host, run } }, `http://s.example:${port}/a`, {
      trusted: 'other.example:80',
    })
    assert.equal(reasonOf(found), 'forbidden')
  })
})

test('a real chain: each one is fetched once', async (context) => {
  const { host } = rootedNode(context)
  const server = await webServer(context, {
    '/1': [{ body: '#cloud-config\nconfig_url: http://{host}/2\n', ownAddress: true }],
    '/2': [{ body: config }],
  })
  const resolver = {
    render: (text: string) => text,
    facts: () => ({}),
    fetch: remoteFetcher(host, { network: true, root: '' }),
  }
  const { texts, problems } = resolveRemote({ name: 'x', url: `http://${server.host}/1` }, resolver)
  assert.deepEqual([texts.length, problems], [2, []])
  assert.equal(server.asked().length, 2)
})

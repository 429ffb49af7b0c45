import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { splitCommandLine } from '@kiln/contract'
import type { KilnEvent } from '../../events.ts'
import { writeCpio } from '../../payload/cpio.ts'
import { plantLayout } from '../../testkit/sample-layout.ts'
import { expectCode, plant, temporaryFolder } from '../../testkit/testkit.ts'
import { type ServeOptions, serve } from '../serve.ts'
import { findLoaders } from './loaders.ts'

const mac = '52:54:00:12:34:56'
const token = '0123456789abcdef0123456789abcdef'
const one = `machines: [{name: one, match: {mac: "${mac}"}, cloud-config: one.yaml, cmdline: [quiet]}]`

/** Serves the sample system to the machines of an inventory. */
async function serving(t: TestContext, inventory: string, changes: Partial<ServeOptions> = {}) {
  const folder = temporaryFolder(t)
  plant(folder, {
    'machines.yaml': inventory,
    'one.yaml': '#cloud-config\nhostname: [[[ name ]]]\n',
    tokens: token,
  })
  const made = plantLayout(join(folder, 'layout'))
  const ended = new AbortController()
  const events: KilnEvent[] = []
  const listening = Promise.withResolvers<string>()
  const running = serve(
    {
      ...{ paths: [join(folder, 'layout')], host: '127.0.0.1', port: 0, isPublic: false },
      ...{ tokenFile: join(folder, 'tokens'), netboot: { inventory: join(folder, 'machines.yaml') } },
      ...{ emit: (event) => void events.push(event), signal: ended.signal },
      ...changes,
    },
    ({ url }) => listening.resolve(url),
  )
  running.catch(listening.reject)
  t.after(async () => {
    ended.abort()
    await running.catch(() => {})
  })
  const url = await listening.promise
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(path.startsWith('http') ? path : `${url}${path}`, init)
  const read = async (path: string) => (await ask(path)).text()
  const authorization = `Bearer ${token}`
  const post = async (body: object, method = 'POST') => {
    const answer = await ask('/netboot/claims', {
      method,
      body: JSON.stringify(body),
      headers: { authorization },
    })
    return [answer.status, await answer.json()] as const
  }
  return { folder, made, url, ask, read, post, authorization, events }
}

describe('a machine that starts over the network', () => {
  test('is asked who it is', async (t) => {
    const { read, url } = await serving(t, one)
    assert.equal(
      await read('/netboot/boot.ipxe'),
      `#!ipxe\nchain --replace ${url}/netboot/machine.ipxe?mac=\${net0/mac}&uuid=\${uuid}&serial=\${serial:uristring}\n`,
    )
  })

  test('gets its kernel, initramfs and root, and a command line with its cloud-config', async (t) => {
    const { read, ask, made, folder, url, events } = await serving(t, one)
    const script = await read(`/netboot/machine.ipxe?mac=${mac}&uuid=&serial=`)
    const base = `${url}/netboot/files/one/${made.payload.digest.replace('sha256:', '')}`
    const lines = script.trimEnd().split('\n')
    assert.deepEqual(
      [lines[0], ...lines.slice(2)],
      [
        '#!ipxe',
        `initrd --name initramfs ${base}/initramfs`,
        `initrd --name root ${base}/root`,
        'boot kernel',
      ],
    )
    const words = splitCommandLine(lines[1] ?? '')
    assert.deepEqual(words.slice(0, 9), [
      ...['kernel', '--name', 'kernel', `${base}/kernel`, 'initrd=initramfs', 'initrd=root'],
      ...['console=ttyS0', 'kiln.hashoffset=4096', 'root=live:memory'],
    ])
    assert.equal(words.at(-1), 'quiet')
    assert.equal(await read(`${base}/kernel`), 'kernel')
    assert.equal(await read(`${base}/initramfs`), 'initramfs')
    const archive = Buffer.from(await (await ask(`${base}/root`)).arrayBuffer())
    const content = Buffer.from('root.img')
    assert.deepEqual(archive, writeCpio([{ kind: 'file', path: 'payload/root.img', content }], 0))
    const config = words.find((word) => word.startsWith('config_url='))?.slice('config_url='.length) ?? ''
    assert.equal(await read(config), '#cloud-config\nhostname: one\n')
    assert.deepEqual(
      events.flatMap((event) => (event.event === 'machine' ? [event.phase] : [])),
      ['script', 'kernel', 'initramfs', 'root', 'config'],
    )
    assert.ok(
      !JSON.stringify(events).includes(config.split('/').at(-1) ?? ''),
      'the secret address is not told',
    )
    assert.ok(folder)
  })

  for (const [what, query, expected] of [
    ['by another notation of its address', 'mac=52-54-00-12-34-56', /^kernel /m],
    ['by upper case', 'mac=52:54:00:12:34:56'.toUpperCase().replace('MAC', 'mac'), /^kernel /m],
    ['not where it is another', 'mac=52:54:00:12:34:57', /not in the inventory/],
    ['not where it says nothing', '', /not in the inventory/],
  ] as const) {
    test(`is known ${what}`, async (t) => {
      const { read } = await serving(t, one)
      assert.match(await read(`/netboot/machine.ipxe?${query}`), expected)
    })
  }

  for (const [what, inventory, expected] of [
    ['that is unknown, its own disk', 'unknown: local', /^sanboot /m],
    ['that shall', `machines: [{name: one, match: {mac: "${mac}"}, action: local}]`, /^sanboot /m],
    ['by its serial number', 'machines: [{name: one, match: {serial: "S 1"}}]', /^kernel /m],
    [
      'not by half of what it must be',
      `machines: [{name: one, match: {serial: "S 1", mac: "00:00:00:00:00:01"}}]`,
      /not in the inventory/,
    ],
  ] as const) {
    test(`starts ${what}`, async (t) => {
      const { read } = await serving(t, inventory)
      assert.match(await read(`/netboot/machine.ipxe?mac=${mac}&serial=S%201`), expected)
    })
  }

  test('gets nothing that is not its own or not there', async (t) => {
    const { ask, made } = await serving(t, one)
    const id = made.payload.digest.replace('sha256:', '')
    for (const [path, status] of [
      [`/netboot/files/none/${id}/kernel`, 404],
      [`/netboot/files/one/${'0'.repeat(64)}/kernel`, 404],
      [`/netboot/files/one/${id}/payload.json`, 401],
      ['/netboot/config/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 404],
      ['/netboot/machines', 401],
      ['/v2/', 401],
    ] as const) {
      assert.equal((await ask(path)).status, status, path)
    }
  })
})

describe('controllers', () => {
  const three = `machines: [{name: a, match: {serial: a}}, {name: b, match: {serial: b}}, {name: c, match: {serial: c}}]`

  test('no two get one machine, and asking again gives the same', async (t) => {
    const { post } = await serving(t, three)
    const claims = await Promise.all(
      Array.from({ length: 5 }, (_, index) => post({ controller: `k${index}` })),
    )
    const machines = claims.flatMap(([status, body]) =>
      status === 201 ? [(body as { machine: string }).machine] : [],
    )
    assert.deepEqual([...machines].sort(), ['a', 'b', 'c'])
    assert.equal(claims.filter(([status]) => status === 409).length, 2)
    const index = claims.findIndex(([status]) => status === 201)
    assert.deepEqual(await post({ controller: `k${index}` }), [200, claims[index]?.[1]])
  })

  test('give back what is theirs, and nothing else', async (t) => {
    const { post } = await serving(t, three)
    assert.deepEqual(await post({ controller: 'k', machine: 'b' }), [201, { machine: 'b' }])
    assert.equal((await post({ controller: 'other', machine: 'b' }))[0], 409)
    assert.deepEqual(await post({ controller: 'other', machine: 'b' }, 'DELETE'), [200, { released: false }])
    assert.deepEqual(await post({ controller: 'k', machine: 'b' }, 'DELETE'), [200, { released: true }])
    assert.equal((await post({ controller: 'other', machine: 'b' }))[0], 201)
    assert.equal((await post({ controller: 'k', machine: 'none' }))[0], 404)
    assert.equal((await post({ machine: 'a' }))[0], 400)
  })

  test('find after a restart who has what', async (t) => {
    const state = join(temporaryFolder(t), 'state.json')
    const inventory = join(temporaryFolder(t), 'machines.yaml')
    writeFileSync(inventory, three)
    const first = await serving(t, '', { netboot: { inventory, state } })
    await first.post({ controller: 'k', machine: 'c' })
    assert.match(readFileSync(state, 'utf8'), /"claimedBy": "k"/)
    const second = await serving(t, '', { netboot: { inventory, state } })
    assert.equal((await second.post({ controller: 'other', machine: 'c' }))[0], 409)
    const machines = await second.ask('/netboot/machines', {
      headers: { authorization: second.authorization },
    })
    assert.deepEqual(await machines.json(), [
      { name: 'a', phase: 'waiting' },
      { name: 'b', phase: 'waiting' },
      { name: 'c', phase: 'waiting', claimedBy: 'k' },
    ])
    writeFileSync(state, '{}')
    await expectCode('E-CONFIG-UNREADABLE', () => serving(t, '', { netboot: { inventory, state } }))
  })

  test('a body that is too large is refused', async (t) => {
    const { ask, authorization } = await serving(t, three)
    const body = 'x'.repeat(70_000)
    const answer = await ask('/netboot/claims', { method: 'POST', body, headers: { authorization } })
    assert.equal(answer.status, 413)
  })
})

describe('an inventory that is refused before anybody is served', () => {
  for (const [what, inventory, code] of [
    ['an unknown key', 'machine: []', 'E-CONFIG-UNKNOWN-KEY'],
    ['a machine that nothing identifies', 'machines: [{name: one, match: {}}]', 'E-CONFIG-BAD-VALUE'],
    ['no MAC address', 'machines: [{name: one, match: {mac: "52:54"}}]', 'E-CONFIG-BAD-VALUE'],
    [
      'two machines that are one',
      `machines: [{name: one, match: {mac: "${mac}"}}, {name: two, match: {mac: "${mac}"}}]`,
      'E-CONFIG-BAD-VALUE',
    ],
    [
      'an image that is not there',
      'machines: [{name: one, match: {serial: s}, image: other}]',
      'E-CONFIG-BAD-VALUE',
    ],
    [
      'a cloud-config that is not there',
      'machines: [{name: one, match: {serial: s}, cloud-config: none.yaml}]',
      'E-CONFIG-UNREADABLE',
    ],
    ['no YAML', 'machines: [', 'E-CONFIG-SYNTAX'],
  ] as const) {
    test(what, async (t) => {
      await expectCode(code, () => serving(t, inventory))
    })
  }

  test('a value that nobody gives', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, {
      'm.yaml': 'machines: [{name: one, match: {serial: s}, cloud-config: c.yaml}]',
      'c.yaml': '[[[ rack ]]]',
    })
    const error = await expectCode('E-CONFIG-BAD-VALUE', () =>
      serving(t, '', { netboot: { inventory: join(folder, 'm.yaml') } }),
    )
    assert.match(error.message, /no value "rack"/)
  })
})

describe('PXE', () => {
  const unwanted = async (t: TestContext, changes: Partial<ServeOptions>) =>
    (await expectCode('E-USAGE', () => serving(t, one, changes))).message

  test('is for machines of an inventory, and leads to where somebody listens', async (t) => {
    const pxe = { address: '127.0.0.1' }
    assert.match(await unwanted(t, { pxe: { address: '10.9.9.9' } }), /127\.0\.0\.1 is listened on/)
    const folder = temporaryFolder(t)
    plantLayout(join(folder, 'layout'))
    const options = { paths: [join(folder, 'layout')], host: '127.0.0.1', port: 0, isPublic: false, pxe }
    const more = { emit: () => {}, signal: AbortSignal.abort() }
    await expectCode('E-USAGE', () => serve({ ...options, ...more }))
  })

  test('needs loaders', async (t) => {
    const pxe = { address: '127.0.0.1', loaders: temporaryFolder(t) }
    const error = await expectCode('E-ARTIFACT-MISSING', () => serving(t, one, { pxe }))
    assert.match(error.hint ?? '', /apt-get install ipxe/)
  })

  test('takes the loaders that there are, the better one first', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { 'undionly.kpxe': 'b', 'ipxe.efi': 'i', 'snponly.efi': 's', 'other.efi': 'o' })
    const loaders = await findLoaders(folder)
    assert.deepEqual(loaders.names, { bios: 'undionly.kpxe', amd64: 'snponly.efi' })
    assert.deepEqual([...loaders.files.keys()], ['undionly.kpxe', 'snponly.efi'])
  })
})

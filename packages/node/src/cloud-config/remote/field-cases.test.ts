import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf } from '@kiln/contract/cloud-config/facts'
import { rootedNode } from '../../testkit/rooted-node.ts'
import { webServer } from '../../testkit/web-server.ts'
import { collect } from '../collect.ts'
import { templateHost } from '../conformance/template-cases.ts'
import { renderTemplate, type Value } from '../template/index.ts'
import { configUrlOf } from './config-url.ts'
import { remoteFetcher } from './fetcher.ts'
import { expandRemote, type Resolver } from './resolve.ts'
import { renderUrl } from './url-template.ts'

/** The field's own cases for addresses: reference, "Conformance cases", U1 to U4 and T1 to T4. */
const facts = (uuid = 'abc-123', serial = 'AB CD+EF') => factsOf({ product: { uuid, serial } })
const render: Resolver['render'] = (template, values) =>
  renderTemplate(template, { Values: values as Value }, templateHost)

test('U1: remote values count for more than local ones, and the chain is one configuration', async (context) => {
  const { host } = rootedNode(context)
  const server = await webServer(context, {
    '/config1': [
      { body: '#cloud-config\nconfig_url: http://{host}/config2\nx-surname: Bras\n', ownAddress: true },
    ],
    '/config2': [{ body: '#cloud-config\nx-info: {girlfriend: princess}\n' }],
  })
  const local = `#cloud-config\nconfig_url: http://${server.host}/config1\nx-name: Mario\nx-surname: Bros\nx-info: {job: plumber}\n`
  const { sources, problems } = expandRemote(
    [{ name: 'local', text: local }],
    ({ text }) => configUrlOf(text),
    {
      render,
      facts,
      fetch: remoteFetcher(host, { network: true, root: '' }),
    },
  )
  assert.deepEqual(problems, [])
  const { tree } = collect(sources.map(({ name, text }) => ({ kind: 'file', name, text })))
  assert.ok(tree.kind === 'map')
  const value = (key: string) => {
    const entry = tree.entries.get(key)
    return entry?.kind === 'scalar' ? entry.value : [...(entry?.kind === 'map' ? entry.entries.keys() : [])]
  }
  assert.deepEqual(['x-name', 'x-surname', 'x-info', 'config_url'].map(value), [
    'Mario',
    'Bras',
    ['job', 'girlfriend'],
    `http://${server.host}/config2`,
  ])
})

test('U2: the server is asked with the facts of the machine', async (context) => {
  const { host } = rootedNode(context)
  const server = await webServer(context, { '/': [{ body: '#cloud-config\n' }] })
  const url = `http://${server.host}/?uuid={{ .Values.product.uuid }}`
  const fetch = remoteFetcher(host, { network: true, root: '' })
  expandRemote([{ name: 'local' }], () => url, { render, facts, fetch })
  assert.deepEqual(
    server.asked().map((asked) => asked.url),
    ['/?uuid=abc-123'],
  )
})

for (const [id, url, expected] of [
  ['T1', '?serial={{ .Values.product.serial }}', '?serial=AB+CD%2BEF'],
  ['T2', '?u={{ .Values.product.uuid | upper }}', '?u=ABC-123'],
  ['U4', '?plain', '?plain'],
] as const) {
  test(`${id}: ${url}`, () => assert.equal(renderUrl(url, render, facts), expected))
}

for (const [id, url, expected] of [
  ['T3', '?a={{ .Values.product.nope }}', /rendering config_url: .*nope/s],
  ['T3', '?a={{ .Values.product.uuid', /rendering config_url: /],
  ['U3', '?a={{ .Values.nope }}', /rendering config_url: .*nope/s],
] as const) {
  test(`${id}: ${url}`, () => assert.throws(() => renderUrl(url, render, facts), expected))
}

test('T4: an empty value is nothing, or an error where it is required', () => {
  const empty = () => facts('')
  assert.equal(renderUrl('?uuid={{ .Values.product.uuid }}', render, empty), '?uuid=')
  const text = 'uuid is required for discovery'
  assert.throws(
    () => renderUrl(`?uuid={{ required "${text}" .Values.product.uuid }}`, render, empty),
    new RegExp(text),
  )
})

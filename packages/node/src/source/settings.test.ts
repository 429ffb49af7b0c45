import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { addressOf, endpointsOf } from './settings.ts'

const settings = {
  registries: {
    'registry.example': { mirrors: ['mirror.lan:5000/cache/one', 'second.lan'], ca: '/oem/ca.crt' },
    'mirror.lan:5000': { 'plain-http': true },
    '*': { ca: '/oem/all.crt' },
  },
  allowInsecure: false,
}

const shown = (registry: string, changes = {}) =>
  endpointsOf(registry, { ...settings, ...changes }).map(
    (found) => `${addressOf(found)} ${found.prefix || '-'} ${found.authority ?? '-'}`,
  )

test('mirrors come first, each with its own settings', () => {
  assert.deepEqual(shown('registry.example'), [
    'http://mirror.lan:5000 cache/one/ -',
    'https://second.lan - /oem/all.crt',
    'https://registry.example - /oem/ca.crt',
  ])
})

test('what has no entry goes by that of all', () => {
  assert.deepEqual(shown('other.example'), ['https://other.example - /oem/all.crt'])
})

test("docker's registry is reached by its other name", () => {
  assert.deepEqual(shown('docker.io', { registries: {} }), ['https://registry-1.docker.io - -'])
})

test('plain HTTP everywhere only where a person allowed it', () => {
  assert.deepEqual(shown('other.example', { registries: {}, allowInsecure: true }), [
    'http://other.example - -',
  ])
})

test('a name of JavaScript itself is no entry', () => {
  assert.deepEqual(shown('constructor', { registries: {} }), ['https://constructor - -'])
})

for (const [text, message] of [
  ['kiln: {registries: {a.example: {mirrors: ["https://x"]}}}', /without a scheme/],
  ['kiln: {registries: {a.example: {ca: relative}}}', /absolute path/],
  ['kiln: {registries: {a.example: {plain_http: true}}}', /unknown key "plain_http"/],
  ['kiln: {registry: {}}', /unknown key "registry"/],
  ['kiln: {keep: 1}', /at least 2/],
] as const) {
  test(`a mistake is found at its place: ${text}`, () => {
    const result = parseCloudConfig(`#cloud-config\n${text}\n`, 'x.yaml')
    if (result.kind !== 'invalid') throw new Error(`is ${result.kind}`)
    assert.match(result.findings.map((finding) => finding.message).join(), message)
  })
}

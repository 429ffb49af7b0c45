import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { registryAccess, registryOf } from './registry-access.ts'

describe('the registry of a reference', () => {
  for (const [reference, registry] of [
    ['alpine', 'docker.io'],
    ['library/alpine:3', 'docker.io'],
    ['example.org/os', 'example.org'],
    ['localhost/os', 'localhost'],
    ['127.0.0.1:5000/os/base:v1', '127.0.0.1:5000'],
  ] as const) {
    it(`${reference} is ${registry}`, () => assert.equal(registryOf(reference), registry))
  }
})

const auths = (...hosts: string[]) =>
  JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth: 'geheim' }])) })

describe('credentials', () => {
  it('come from the first file that has some for the registry', (t) => {
    const home = temporaryFolder(t)
    plant(home, {
      'run/containers/auth.json': auths('example.net'),
      '.config/containers/auth.json': JSON.stringify({ auths: { 'example.org': {} } }),
      '.docker/config.json': auths('https://index.docker.io/v1/', 'example.org/os'),
    })
    const env = { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') }
    const found = (reference: string) => registryAccess(env, reference).authFile
    assert.equal(found('example.net/a'), join(home, 'run/containers/auth.json'))
    assert.equal(found('example.org/os/a'), join(home, '.docker/config.json'))
    assert.equal(found('alpine'), join(home, '.docker/config.json'))
    assert.equal(found('mirrored.example/a'), join(home, 'run/containers/auth.json'))
    assert.equal(registryAccess(env).authFile, undefined)
    const elsewhere = { HOME: home, DOCKER_CONFIG: join(home, 'none') }
    assert.equal(registryAccess(elsewhere, 'alpine').authFile, join(home, '.config/containers/auth.json'))
  })

  it('come from REGISTRY_AUTH_FILE, or not at all', async (t) => {
    const home = temporaryFolder(t)
    plant(home, {
      'auth.json': auths('example.net'),
      'broken.json': '{"auths": {"a": "geheim',
      '.docker/config.json': auths('a.b'),
    })
    const named = (file: string) =>
      registryAccess({ HOME: home, REGISTRY_AUTH_FILE: join(home, file) }, 'a.b/c')
    assert.equal(named('auth.json').authFile, join(home, 'auth.json'))
    for (const file of ['broken.json', 'none.json']) {
      const error = await expectCode('E-REGISTRY-DENIED', () => named(file))
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /geheim/)
    }
  })
})

it('nothing insecure is allowed unless it is said', () => {
  for (const value of [undefined, '', '0', 'no', 'true']) {
    assert.equal(registryAccess({ KILN_REGISTRY_INSECURE: value }).allowInsecure, false)
  }
  assert.equal(registryAccess({ KILN_REGISTRY_INSECURE: '1' }).allowInsecure, true)
})

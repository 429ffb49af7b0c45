import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BadCredentials, credentialsIn } from './credentials.ts'

const auths = JSON.stringify({
  auths: {
    'https://index.docker.io/v1/': { auth: 'ZG9ja2Vy' },
    'example.org': { auth: 'aG9z\nd\n' },
    'example.org/team': { auth: 'dGVhbQ==' },
    'example.org/team/secret': { username: 'u', password: 'p:w' },
    'http://plain.example:5000': { username: 'u', password: '' },
    'token.example': { registrytoken: 'tok' },
    'identity.example': { auth: 'eA==', identitytoken: 'idt' },
    'helper.example': {},
    'null.example': null,
  },
  credsStore: 'desktop',
})

describe('credentials in a file of docker login', () => {
  for (const [registry, repository, expected] of [
    ['docker.io', 'library/alpine', { kind: 'basic', encoded: 'ZG9ja2Vy' }],
    ['example.org', 'os/debian', { kind: 'basic', encoded: 'aG9zd' }],
    ['example.org', 'team/debian', { kind: 'basic', encoded: 'dGVhbQ==' }],
    ['example.org', 'team/secret', { kind: 'password', user: 'u', password: 'p:w' }],
    ['example.org', 'teams/debian', { kind: 'basic', encoded: 'aG9zd' }],
    ['plain.example:5000', 'os', { kind: 'password', user: 'u', password: '' }],
    ['token.example', 'os', { kind: 'token', token: 'tok' }],
    ['identity.example', 'os', { kind: 'identity', token: 'idt' }],
    ['helper.example', 'os', undefined],
    ['null.example', 'os', undefined],
    ['other.example', 'os', undefined],
    ['plain.example', 'os', undefined],
  ] as const) {
    test(`${registry}/${repository}`, () => {
      assert.deepEqual(credentialsIn(auths, registry, repository), expected)
    })
  }

  for (const text of ['', 'not json', '{"auths":[]}', '{"auths":"x"}']) {
    test(`${JSON.stringify(text)} is no such file`, () => {
      assert.throws(() => credentialsIn(text, 'a', 'b'), BadCredentials)
    })
  }

  test('a file without entries has none', () => assert.equal(credentialsIn('{}', 'a', 'b'), undefined))
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chooseChallenge, parseChallenges, tokenIn } from './challenge.ts'

const bearer = (realm: string, service?: string, scope?: string) => ({
  scheme: 'bearer',
  realm,
  service,
  scope,
})

describe('challenges of a header line', () => {
  for (const [header, expected] of [
    ['Basic realm="kiln"', [{ scheme: 'basic' }]],
    ['basic', [{ scheme: 'basic' }]],
    [
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:os:pull,push"',
      [bearer('https://auth.example/token', 'registry.example', 'repository:os:pull,push')],
    ],
    ['Bearer realm=https://a.example/t', [bearer('https://a.example/t')]],
    ['BEARER Realm = "https://a.example/t" , Service="s"', [bearer('https://a.example/t', 's')]],
    ['Bearer realm="https://a.example/t?x=\\"y\\""', [bearer('https://a.example/t?x="y"')]],
    [
      'Basic realm="a, Bearer realm=b", Bearer realm="https://c/"',
      [{ scheme: 'basic' }, bearer('https://c/')],
    ],
    ['Negotiate, Basic realm="x"', [{ scheme: 'basic' }]],
    ['Bearer service="no realm"', []],
    ['Digest realm="x", nonce="y"', []],
    ['', []],
    ['"', []],
  ] as const) {
    test(header, () => assert.deepEqual(parseChallenges(header), expected))
  }
})

test('of several, a token comes before a password', () => {
  const chosen = chooseChallenge(['Basic realm="x"', 'Bearer realm="https://a/"'])
  assert.deepEqual(chosen, bearer('https://a/'))
  assert.deepEqual(chooseChallenge(['Basic realm="x"']), { scheme: 'basic' })
  assert.equal(chooseChallenge(['Negotiate']), undefined)
  assert.equal(chooseChallenge([]), undefined)
})

describe('tokens in answers', () => {
  for (const [answer, token] of [
    ['{"token":"a","expires_in":300}', 'a'],
    ['{"access_token":"b"}', 'b'],
    ['{"token":"","access_token":"b"}', 'b'],
    ['{"token":7}', undefined],
    ['null', undefined],
    ['<html>', undefined],
  ] as const) {
    test(answer, () => assert.equal(tokenIn(answer), token))
  }
})

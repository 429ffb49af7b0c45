import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { redactData, redactText } from './redact.ts'

const cases: readonly (readonly [text: string, result: string])[] = [
  ['Get:1 https://user:pass@host.test/x', 'Get:1 https://[redacted]@host.test/x'],
  ['http://token@host.test', 'http://[redacted]@host.test'],
  ['https://u:p@a@host.test/', 'https://[redacted]@host.test/'],
  ['(http://u:p@one.test, http://u:p@two.test)', '(http://[redacted]@one.test, http://[redacted]@two.test)'],
  ['https://host.test/@scope/name', 'https://host.test/@scope/name'],
  ['mail me@host.test', 'mail me@host.test'],
  ['> Authorization: Bearer abc.def', '> Authorization: [redacted]'],
  ['{"authorization": "Basic Zm9vOmJhcg=="}', '{"authorization": "[redacted]"}'],
  ['Proxy-Authorization: Basic x y', 'Proxy-Authorization: [redacted]'],
  ['sent bearer abcdefgh1234', 'sent bearer [redacted]'],
  ['basic text stays', 'basic text stays'],
  [
    'a\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nb',
    'a\n-----BEGIN OPENSSH PRIVATE KEY----- [redacted]\nb',
  ],
  ['-----BEGIN PRIVATE KEY-----\ncut off', '-----BEGIN PRIVATE KEY----- [redacted]'],
  ['-----BEGIN CERTIFICATE-----\nAAAA', '-----BEGIN CERTIFICATE-----\nAAAA'],
]

const word = fc.stringMatching(/^[A-Za-z0-9+=:@!$%&*-]{6,20}$/).map((text) => `s3${text}`)

describe('text that leaves a build', () => {
  for (const [text, result] of cases) {
    it(JSON.stringify(text), () => assert.equal(redactText(text), result))
  }

  it('never has the password of an address', () => {
    fc.assert(
      fc.property(fc.string(), word, fc.string(), (before, secret, after) => {
        const text = `${before} https://user:${secret}@host.test/ ${after}`
        fc.pre(!before.includes(secret) && !after.includes(secret))
        assert.ok(!redactText(text).includes(secret))
      }),
    )
  })

  it('is cleaned wherever it stands in data', () => {
    const data = { a: [{ b: 'https://u:p@h.test' }], n: 1, none: null, yes: true }
    assert.deepEqual(redactData(data), { ...data, a: [{ b: 'https://[redacted]@h.test' }] })
  })
})

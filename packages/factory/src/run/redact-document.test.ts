import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { printYamlText } from '@kiln/contract/yaml/print'
import fc from 'fast-check'
import { isSecretName, redactDocument } from './redact-document.ts'

/** In quotes, for YAML would take it for a list. */
const gone = '"[redacted]"'
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 me@host'

const cases: readonly (readonly [what: string, text: string, result: string | undefined])[] = [
  ['a password', 'passwd: hunter2\n', `passwd: ${gone}\n`],
  ['a whole map of secrets', 'secrets:\n  a: one\n  b: [two]\n', `secrets: ${gone}\n`],
  ['comments', 'a: 1 # password hunter2\n# token x\nb: 2\n', 'a: 1\nb: 2\n'],
  ['the head of a cloud-config', '#cloud-config\nhostname: box\n', '#cloud-config\nhostname: box\n'],
  ['public keys', `ssh_authorized_keys:\n  - ${key}\n`, `ssh_authorized_keys:\n  - ${key}\n`],
  ['a keyring', 'keyring: keys/a.gpg\n', 'keyring: keys/a.gpg\n'],
  ['a private key', 'private_key: x\n', `private_key: ${gone}\n`],
  ['an address', 'mirror: https://u:p@host.test/d\n', 'mirror: https://[redacted]@host.test/d\n'],
  [
    'arguments',
    'args:\n  - --token=abc\n  - --token abc --node-ip 1\n',
    'args:\n  - --token=[redacted]\n  - --token [redacted] --node-ip 1\n',
  ],
  [
    'a variable in a script',
    'run: export K3S_TOKEN=abc && k3s\n',
    'run: export K3S_TOKEN=[redacted] && k3s\n',
  ],
  ['an encoded file', 'content: aHVudGVyMmh1bnRlcjJodW50ZXIy\n', `content: ${gone}\n`],
  ['what is no YAML', 'a: [\npassword: x', undefined],
  ['nothing', '', ''],
]

const secret = fc.stringMatching(/^[A-Za-z0-9]{8,24}$/).map((text) => `zq${text}qz`)
const secretKey = fc.constantFrom(
  'password',
  'passwd',
  'token',
  'k3s-token',
  'SECRET',
  'private_key',
  'api_key',
  'key',
)
const plain = fc.stringMatching(/^[a-z ]{0,12}$/)

/** Documents with a secret somewhere, in one of the ways in which people write them. */
const planted = fc.tuple(secret, secretKey, plain, fc.nat(3)).chain(([hidden, name, text, depth]) => {
  const ways = fc.constantFrom<unknown>(
    { [name]: hidden },
    { [name]: { inner: [hidden] } },
    { [name]: [hidden, hidden] },
    { args: [`--${name}=${hidden}`, `--${name} ${hidden}`] },
    { content: `${text}\n${name}: ${hidden}\n${text}\n` },
    { content: `${text}\n${name}="${hidden}"\n` },
    { url: `https://user:${hidden}@host.test/${text}` },
    { commands: [`curl -H 'Authorization: Bearer ${hidden}' https://host.test`] },
    { content: `-----BEGIN RSA PRIVATE KEY-----\n${hidden}\n-----END RSA PRIVATE KEY-----\n` },
  )
  return ways.map((way) => {
    let data = way
    for (let level = 0; level < depth; level++) data = level % 2 ? [text, data] : { text, level: data }
    return { hidden, document: data }
  })
})

describe('a document without its secrets', () => {
  for (const [what, text, result] of cases) it(`of ${what}`, () => assert.equal(redactDocument(text), result))

  it('never has one that was planted', () => {
    fc.assert(
      fc.property(planted, ({ hidden, document }) => {
        const text = `# ${hidden}\n${printYamlText(document)}`
        assert.ok(!redactDocument(text)?.includes(hidden), text)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps the form of one that has none', () => {
    const text = 'name: sample\nimages:\n  - flavor: debian\n    release: "13"\n'
    assert.equal(redactDocument(text), text)
  })
})

describe('names of secrets', () => {
  const names: readonly (readonly [string, boolean])[] = [
    ['password', true],
    ['chpasswd', true],
    ['K3S_TOKEN', true],
    ['client-secret', true],
    ['key', true],
    ['tls.key', true],
    ['monkey', false],
    ['ssh_authorized_keys', false],
    ['ssh-keys', false],
    ['public_key', false],
    ['keyring', false],
    ['hostname', false],
  ]
  for (const [name, is] of names) it(`${name}: ${is}`, () => assert.equal(isSecretName(name), is))
})

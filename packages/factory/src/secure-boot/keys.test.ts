import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { isKilnError } from '@kiln/contract'
import { checkKeys, expiryError } from './check.ts'
import { daysLeft, expiryText, refuseExpired } from './expiry.ts'
import { checkPrivateKey, readCertificate, readKeyCard } from './key-folder.ts'
import { readKeysPassword } from './password.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiln-keys-test-'))
after(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

function makeKey(name: string, password?: string): void {
  const opened = password === undefined ? ['-noenc'] : ['-passout', `pass:${password}`]
  const key = ['-newkey', 'rsa:2048', '-keyout', at(`${name}.key`), ...opened]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-sha256', '-days', '10', '-subj', `/CN=${name}/`, '-out', at(`${name}.pem`)],
    ...key,
  ])
  assert.equal(made.status, 0, String(made.stderr))
}

const isKiln = (code: string, message?: RegExp) => (error: unknown) =>
  isKilnError(error) &&
  error.code === code &&
  error.hint !== undefined &&
  (message?.test(error.message) ?? true)

for (const role of ['PK', 'KEK']) makeKey(role)
makeKey('db', 'secret')
spawnSync('openssl', ['pkey', '-in', at('PK.key'), '-pubout', '-out', at('tpm2-pcr-public.pem')])
writeFileSync(
  at('keys.json'),
  JSON.stringify({ schema: 'kiln.keys/v1', name: 'fleet', owner: '0f0f0f0f-1111-4222-8333-444444444444' }),
)

describe('how long a certificate lasts', () => {
  const now = new Date('2030-01-10T12:00:00Z')
  const cases: readonly (readonly [validTo: string, days: number, text: string])[] = [
    ['Jan 11 11:59:59 2030 GMT', 0, 'ends in 0 days'],
    ['Jan 11 12:00:00 2030 GMT', 1, 'ends in 1 day'],
    ['Jan 10 11:00:00 2030 GMT', -1, 'ended 1 day ago'],
    ['Feb  9 12:00:00 2030 GMT', 30, 'ends in 30 days'],
  ]
  for (const [validTo, days, text] of cases) {
    it(`${validTo}: ${text}`, () => {
      assert.equal(daysLeft({ validTo }, now), days)
      assert.equal(expiryText(days), text)
      if (days < 0)
        assert.throws(() => refuseExpired('db.pem', days), isKiln('E-KEYS-EXPIRED', /ended 1 day ago/))
      else refuseExpired('db.pem', days)
    })
  }
})

describe('a private key', () => {
  const refusals: readonly (readonly [
    what: string,
    key: string,
    other: string,
    password: string | undefined,
    code: string,
  ])[] = [
    ['encrypted, without a password', 'db.key', 'db.pem', undefined, 'E-KEYS-PASSWORD'],
    ['encrypted, with another password', 'db.key', 'db.pem', 'wrong', 'E-KEYS-PASSWORD'],
    ['of another certificate', 'PK.key', 'KEK.pem', undefined, 'E-KEYS-UNUSABLE'],
    ['that is none', 'PK.pem', 'PK.pem', undefined, 'E-KEYS-UNUSABLE'],
    ['that is not there', 'gone.key', 'PK.pem', undefined, 'E-KEYS-MISSING'],
  ]
  for (const [what, key, other, password, code] of refusals) {
    it(`${what}: ${code}`, () =>
      assert.throws(() => checkPrivateKey(at(key), at(other), password), isKiln(code)))
  }

  it('is taken with its password, and one without any password with whatever is said', () => {
    checkPrivateKey(at('db.key'), at('db.pem'), 'secret')
    checkPrivateKey(at('PK.key'), at('PK.pem'), 'not needed')
    checkPrivateKey(at('PK.key'), at('tpm2-pcr-public.pem'), undefined)
  })
})

describe('a folder of keys', () => {
  it('says what is there and what ends', async () => {
    const checked = await checkKeys(folder, new Date())
    assert.deepEqual(
      checked.keys.map(({ role, hasPrivateKey }) => [role, hasPrivateKey]),
      [
        ['PK', true],
        ['KEK', true],
        ['db', true],
        ['pcr', false],
      ],
    )
    assert.equal(expiryError(checked, folder, 5), undefined)
    assert.match(expiryError(checked, folder, 30)?.message ?? '', /PK ends in \d+ days, KEK .*, db /)
  })

  it('is refused where a file of it is something else', () => {
    writeFileSync(at('nonsense'), 'nonsense')
    assert.throws(() => readCertificate(at('nonsense')), isKiln('E-KEYS-UNUSABLE', /no certificate/))
    assert.throws(() => readKeyCard(join(folder, 'gone')), isKiln('E-KEYS-MISSING'))
  })
})

describe('the password of the keys', () => {
  writeFileSync(at('password'), 'first line\r\nsecond\n')
  writeFileSync(at('empty'), '\n')

  it('is the first line of a file, or what the environment says, in this order', () => {
    const env = { KILN_KEYS_PASSWORD: 'from the environment' }
    assert.equal(readKeysPassword(at('password'), env), 'first line')
    assert.equal(
      readKeysPassword(undefined, { ...env, KILN_KEYS_PASSWORD_FILE: at('password') }),
      'first line',
    )
    assert.equal(readKeysPassword(undefined, env), 'from the environment')
    assert.equal(readKeysPassword(undefined, {}), undefined)
  })

  it('is not nothing', () => {
    assert.throws(() => readKeysPassword(at('empty'), {}), isKiln('E-KEYS-PASSWORD', /holds no password/))
    assert.throws(() => readKeysPassword(at('gone'), {}), isKiln('E-KEYS-PASSWORD', /cannot be read/))
  })
})

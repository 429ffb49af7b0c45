import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes, scryptSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type ErrorCode, isKilnError } from '@kiln/contract'
import nacl from 'tweetnacl'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { readPrivateKey, readPublicKey } from './keys.ts'
import { readPolicy, requireSignature } from './policy.ts'
import { signFiles } from './sign.ts'

const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const pkcs8 = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string
const spki = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string
const isCode = (code: ErrorCode, text: RegExp) => (error: unknown) =>
  isKilnError(error) && error.code === code && text.test(error.message)

/** A folder with two files that are signed, and a policy that trusts their signer. */
async function signedFolder(t: TestContext) {
  const folder = temporaryFolder(t)
  const [own, other] = [pair(), pair()]
  plant(folder, {
    'keys/own.key': pkcs8(own.privateKey),
    'keys/own.pub': spki(own.publicKey),
    'keys/other.key': pkcs8(other.privateKey),
    'keys/other.pub': spki(other.publicKey),
    'policy.yaml': 'keys:\n  - keys/own.pub\n',
    'dist/a.iso': 'a'.repeat(3 << 20),
    'dist/a.iso.sha256': 'digest  a.iso\n',
    'dist/a.oci/index.json': '{}',
  })
  const dist = join(folder, 'dist')
  const signWith = (name: string) => signFiles([dist], readPrivateKey(join(folder, 'keys', name), undefined))
  const signed = await signWith('own.key')
  const require = (file = 'a.iso', policy = 'policy.yaml') =>
    requireSignature(join(dist, file), readPolicy(join(folder, policy)))
  return { folder, dist, signed, signWith, require }
}

describe('signed files', () => {
  it('have their bundles beside them, and hold', async (t) => {
    const { dist, folder, require, signed } = await signedFolder(t)
    const names = ['a.iso', 'a.iso.sha256', 'a.iso.sha256.sigstore.json', 'a.iso.sigstore.json', 'a.oci']
    assert.deepEqual(readdirSync(dist).sort(), names)
    assert.equal(signed.length, 2)
    const { hint } = readPublicKey(join(folder, 'keys/own.pub'))
    for (const file of ['a.iso', 'a.iso.sha256']) assert.equal(await require(file), hint)
  })

  it('can be signed again', async (t) => {
    const { signWith, require } = await signedFolder(t)
    assert.equal((await signWith('own.key')).length, 2)
    await require()
  })

  it('are refused with a reason', async (t) => {
    const { dist, folder, require, signWith } = await signedFolder(t)
    const iso = join(dist, 'a.iso')
    const bundle = readFileSync(`${iso}.sigstore.json`, 'utf8')
    const content = readFileSync(iso)

    writeFileSync(iso, Buffer.concat([content.subarray(0, -1), Buffer.from('b')]))
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /not the one that was signed/))
    writeFileSync(iso, content)

    writeFileSync(`${iso}.sigstore.json`, readFileSync(`${iso}.sha256.sigstore.json`))
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /not the one that was signed/))
    const forged = JSON.parse(bundle)
    forged.messageSignature.signature = JSON.parse(
      readFileSync(`${iso}.sha256.sigstore.json`, 'utf8'),
    ).messageSignature.signature
    writeFileSync(`${iso}.sigstore.json`, JSON.stringify(forged))
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /not one of this file/))
    for (const text of ['', '{}', 'x', bundle.slice(0, 100)]) {
      writeFileSync(`${iso}.sigstore.json`, text)
      await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /the bundle is none/))
    }

    await signWith('other.key')
    await assert.rejects(require(), isCode('E-SIGNATURE-UNTRUSTED', /does not name/))
    plant(folder, { 'both.yaml': 'keys: [keys/own.pub, keys/other.pub]\n' })
    await require('a.iso', 'both.yaml')

    plant(folder, { 'dist/b.iso': 'b' })
    await assert.rejects(require('b.iso'), isCode('E-SIGNATURE-MISSING', /is not signed/))
  })

  it('have to be there', async (t) => {
    const { folder } = await signedFolder(t)
    const key = readPrivateKey(join(folder, 'keys/own.key'), undefined)
    await assert.rejects(signFiles([join(folder, 'none')], key), isCode('E-ARTIFACT-MISSING', /is not there/))
  })
})

describe('a key', () => {
  /** As cosign encrypts it. */
  const encrypted = (key: KeyObject, password: string) => {
    const [salt, nonce] = [randomBytes(32), randomBytes(24)]
    const secret = new Uint8Array(scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 }))
    const der = new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }))
    const text = JSON.stringify({
      kdf: { name: 'scrypt', params: { N: 1024, r: 8, p: 1 }, salt: salt.toString('base64') },
      cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
      ciphertext: Buffer.from(nacl.secretbox(der, new Uint8Array(nonce), secret)).toString('base64'),
    })
    const label = 'ENCRYPTED SIGSTORE PRIVATE KEY'
    return `-----BEGIN ${label}-----\n${Buffer.from(text).toString('base64')}\n-----END ${label}-----\n`
  }

  it('is read encrypted, with its password only', (t) => {
    const folder = temporaryFolder(t)
    const { privateKey, publicKey } = pair()
    plant(folder, { 'a.key': encrypted(privateKey, 'secret'), 'a.pub': spki(publicKey) })
    const file = join(folder, 'a.key')
    assert.equal(readPrivateKey(file, 'secret').hint, readPublicKey(join(folder, 'a.pub')).hint)
    assert.throws(() => readPrivateKey(file, 'other'), isCode('E-KEY-UNREADABLE', /password/))
    assert.throws(() => readPrivateKey(file, undefined), isCode('E-KEY-UNREADABLE', /no password/))
  })

  const others: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['of another kind', pkcs8(generateKeyPairSync('ed25519').privateKey), /not of the kind ECDSA P-256/],
    ['of another curve', pkcs8(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey), /P-256/],
    ['that is none', 'hello', /no key in PEM/],
    [
      'that is encrypted in another way',
      `-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n${btoa('{"kdf":1}')}\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n`,
      /a form that is not known/,
    ],
  ]
  for (const [name, text, message] of others) {
    it(`${name} is not taken`, (t) => {
      const folder = temporaryFolder(t)
      plant(folder, { 'a.key': text })
      assert.throws(() => readPrivateKey(join(folder, 'a.key'), 'x'), isCode('E-KEY-UNREADABLE', message))
    })
  }

  it('that is private is not trusted by mistake', (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { 'a.key': pkcs8(pair().privateKey) })
    const file = join(folder, 'a.key')
    assert.throws(() => readPublicKey(file), isCode('E-KEY-UNREADABLE', /is a private key/))
    assert.throws(() => readPublicKey(join(folder, 'none')), isCode('E-KEY-UNREADABLE', /ENOENT/))
  })
})

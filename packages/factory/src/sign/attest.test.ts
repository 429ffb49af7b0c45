import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type ErrorCode, isKilnError } from '@kiln/contract'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import type { AttestationKind } from './attest.ts'
import { readPrivateKey } from './keys.ts'
import { readPolicy, requireAttestations } from './policy.ts'
import { attestFiles, readPredicate, signFiles } from './sign.ts'

const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const pkcs8 = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string
const spki = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string
const isCode = (code: ErrorCode, text: RegExp) => (error: unknown) =>
  isKilnError(error) && error.code === code && text.test(error.message)

/** Two artifacts of which one SBOM is attested, and a policy that asks for that. */
async function attestedFolder(t: TestContext) {
  const folder = temporaryFolder(t)
  const [own, other] = [pair(), pair()]
  plant(folder, {
    'own.key': pkcs8(own.privateKey),
    'other.key': pkcs8(other.privateKey),
    'own.pub': spki(own.publicKey),
    'policy.yaml': 'keys: [own.pub]\nattestations: [spdx]\n',
    'dist/a.iso': 'a'.repeat(100_000),
    'dist/b.iso': 'b',
    'a.spdx.json': '{"spdxVersion": "SPDX-2.3", "name": "a"}',
  })
  const files = ['a.iso', 'b.iso'].map((name) => join(folder, 'dist', name))
  const predicate = await readPredicate(join(folder, 'a.spdx.json'))
  const attest = (kind: AttestationKind = 'spdx', key = 'own.key') =>
    attestFiles(files, { kind, predicate }, readPrivateKey(join(folder, key), undefined))
  await attest()
  const require = (name = 'a.iso') =>
    requireAttestations(join(folder, 'dist', name), readPolicy(join(folder, 'policy.yaml')))
  return { folder, dist: join(folder, 'dist'), predicate, attest, require }
}

describe('an attestation', () => {
  it('stands beside each file, and has the predicate as it was given', async (t) => {
    const { dist, predicate, require } = await attestedFolder(t)
    assert.deepEqual(readdirSync(dist).sort(), [
      'a.iso',
      'a.iso.spdx.json.att',
      'b.iso',
      'b.iso.spdx.json.att',
    ])
    assert.deepEqual(await require(), ['spdx'])
    const { dsseEnvelope } = JSON.parse(readFileSync(join(dist, 'a.iso.spdx.json.att'), 'utf8'))
    const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString('utf8'))
    assert.deepEqual(statement.predicate, predicate)
    assert.deepEqual(
      statement.subject.map(({ name }: { name: string }) => name),
      ['a.iso'],
    )
  })

  it('is refused with a reason', async (t) => {
    const { dist, attest, require } = await attestedFolder(t)
    const path = join(dist, 'a.iso.spdx.json.att')
    const good = readFileSync(path, 'utf8')

    writeFileSync(path, readFileSync(join(dist, 'b.iso.spdx.json.att')))
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /about another file/))

    const forged = JSON.parse(good)
    const statement = JSON.parse(Buffer.from(forged.dsseEnvelope.payload, 'base64').toString('utf8'))
    const payload = Buffer.from(JSON.stringify({ ...statement, predicate: { name: 'other' } }))
    forged.dsseEnvelope.payload = payload.toString('base64')
    writeFileSync(path, JSON.stringify(forged))
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /not one of this statement/))

    for (const text of ['', '{}', good.slice(0, 200)]) {
      writeFileSync(path, text)
      await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /the bundle is none/))
    }

    await attest('spdx', 'other.key')
    await assert.rejects(require(), isCode('E-SIGNATURE-UNTRUSTED', /does not name/))
    await attest('cyclonedx')
    writeFileSync(path, readFileSync(join(dist, 'a.iso.cdx.json.att')))
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /it attests https:\/\/cyclonedx\.org\/bom/))

    plant(dist, { 'c.iso': 'c' })
    await assert.rejects(require('c.iso'), isCode('E-SIGNATURE-MISSING', /is not attested \(spdx\)/))
  })

  it('does not hold for a file that changed', async (t) => {
    const { dist, require } = await attestedFolder(t)
    writeFileSync(join(dist, 'a.iso'), 'changed')
    await assert.rejects(require(), isCode('E-SIGNATURE-INVALID', /about another file/))
  })

  it('is not signed once more with its folder', async (t) => {
    const { dist, folder } = await attestedFolder(t)
    const signed = await signFiles([dist], readPrivateKey(join(folder, 'own.key'), undefined))
    assert.deepEqual(
      signed.map(({ file }) => file),
      [join(dist, 'a.iso'), join(dist, 'b.iso')],
    )
  })

  it('needs a predicate in JSON, and files that are there', async (t) => {
    const { folder } = await attestedFolder(t)
    plant(folder, { 'a.txt': 'SPDXVersion: SPDX-2.3\n' })
    await assert.rejects(readPredicate(join(folder, 'a.txt')), isCode('E-CONFIG-SYNTAX', /is no JSON/))
    const key = readPrivateKey(join(folder, 'own.key'), undefined)
    const files = [join(folder, 'dist/a.iso'), join(folder, 'none')]
    await assert.rejects(
      attestFiles(files, { kind: 'provenance', predicate: {} }, key),
      isCode('E-ARTIFACT-MISSING', /is not there/),
    )
    assert.ok(!readdirSync(join(folder, 'dist')).includes('a.iso.att'), 'nothing is attested then')
  })
})

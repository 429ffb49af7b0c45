import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makePe } from '../testkit/pe.ts'
import { authenticodeDigest, readSignatures } from './authenticode.ts'
import { Unreadable } from './bytes.ts'
import { checkPolicies } from './pcr-policy.ts'
import type { PeFile } from './pe.ts'
import { readSignatureLists, readUpdate } from './signature-list.ts'

const sample = (name: string) => readFileSync(join(import.meta.dirname, '../testkit/secure-boot', name))
const isUnreadable = (message: RegExp) => (error: unknown) =>
  error instanceof Unreadable && message.test(error.message)

const program = makePe({ sections: { '.text': Buffer.from('a program') } })
const certificate = new X509Certificate(sample('db.pem'))
const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()

describe('the signatures of a program', () => {
  it('are read as osslsigncode made them', () => {
    const [signature, ...more] = readSignatures(sample('signed.efi'))
    assert.deepEqual([signature?.signer.subject, more.length], ['CN=t-db', 0])
    assert.equal(signature?.signer.fingerprint256, certificate.fingerprint256)
  })

  it('leave the digest of the program as it is, which efitools computes, too', () => {
    const digest = authenticodeDigest(sample('signed.efi'))
    assert.equal(digest, authenticodeDigest(program))
    assert.deepEqual([...readSignatureLists(sample('lists.esl')).programs], [digest])
  })

  it('are none in a program that is not signed', () => assert.deepEqual(readSignatures(program), []))

  const changes: readonly (readonly [what: string, at: (file: Buffer) => number, message: RegExp])[] = [
    ['the program', () => 1024, /over another program/],
    [
      'the digest that is signed',
      (file) => file.indexOf(authenticodeDigest(file), 0, 'hex'),
      /over another program/,
    ],
    ['the key at the end of the message', (file) => file.length - 20, /does not hold/],
  ]
  for (const [what, place, message] of changes) {
    it(`do not hold where a bit of ${what} is another`, () => {
      const file = sample('signed.efi')
      const at = place(file)
      file.writeUInt8(file.readUInt8(at) ^ 1, at)
      assert.throws(() => readSignatures(file), isUnreadable(message))
    })
  }

  it('are refused, and nothing worse, wherever the message is cut or overwritten', () => {
    const file = sample('signed.efi')
    for (let at = program.length + 8; at + 5 <= file.length; at += 7) {
      const broken = Buffer.from(file)
      broken.fill(0xff, at, at + 5)
      try {
        readSignatures(broken)
      } catch (error) {
        assert.ok(error instanceof Unreadable || error instanceof RangeError, `${at}: ${error}`)
      }
    }
  })
})

describe('a list of signatures', () => {
  it('names certificates and programs', () => {
    const { certificates } = readSignatureLists(sample('lists.esl'))
    assert.deepEqual([...certificates], [fingerprint])
  })

  it('stands in an update behind its time and its signature', () => {
    const head = Buffer.alloc(40)
    head.writeUInt32LE(24, 16)
    const found = readUpdate(Buffer.concat([head, sample('lists.esl')]))
    assert.deepEqual([[...found.certificates], found.programs.size], [[fingerprint], 1])
  })

  it('is refused where it is cut', () => {
    assert.throws(
      () => readSignatureLists(sample('lists.esl').subarray(0, -1)),
      isUnreadable(/beyond its end/),
    )
    assert.throws(() => readUpdate(Buffer.alloc(3)), isUnreadable(/too early/))
  })
})

describe('the signed states of PCR 11', () => {
  const sections = (change: Readonly<Record<string, string>> = {}) =>
    new Map(
      Object.entries({
        '.linux': 'kernel',
        '.osrel': 'ID=x\n',
        '.cmdline': 'a=b',
        '.initrd': 'init',
        '.uname': '6.12',
        '.pcrpkey': sample('pcr-public.pem').toString(),
        '.pcrsig': sample('pcrsig.json').toString(),
        ...change,
      }).map(([name, text]) => [name, Buffer.from(text)]),
    )
  const check = (change?: Readonly<Record<string, string>>) =>
    checkPolicies({ arch: 'amd64', signatures: [], sections: sections(change) } satisfies PeFile)

  it('are those that systemd-measure predicts', () => assert.deepEqual(check().banks, ['sha256', 'sha384']))

  it('follow from each part that is measured', () => {
    for (const name of ['.linux', '.osrel', '.cmdline', '.initrd', '.uname'])
      assert.throws(() => check({ [name]: 'another' }), isUnreadable(/none that it leads to/), name)
  })

  it('hold no signature but their own', () => {
    const changed = JSON.parse(sample('pcrsig.json').toString())
    changed.sha256[0].sig = changed.sha256[1].sig
    assert.throws(() => check({ '.pcrsig': JSON.stringify(changed) }), isUnreadable(/does not hold/))
  })

  it('are refused where they are something else', () => {
    assert.throws(
      () => check({ '.pcrsig': '{"sha256": 1}' }),
      isUnreadable(/not what systemd-measure writes/),
    )
  })
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { architectureOf, checkRoot, parseOsRelease } from './identity.ts'

describe('os-release', () => {
  const cases: readonly (readonly [text: string, pairs: Record<string, string>])[] = [
    ['ID=debian\nVERSION_ID="13"\n', { ID: 'debian', VERSION_ID: '13' }],
    ["ID='a b'\r\nX=\n", { ID: 'a b', X: '' }],
    ['# ID=none\n\nnonsense\nNAME="a \\"b\\" \\$c"', { NAME: 'a "b" $c' }],
  ]
  for (const [text, pairs] of cases) {
    it(JSON.stringify(text), () => assert.deepEqual(parseOsRelease(text), pairs))
  }
})

describe('a root', () => {
  const expected = { ids: ['debian'], release: '13', arch: 'amd64' } as const
  const cases: readonly (readonly [osRelease: string | undefined, message: RegExp | undefined])[] = [
    ['ID=debian\nVERSION_ID="13"\n', undefined],
    ['ID=debian\nVERSION_ID="13.2"\n', undefined],
    ['ID=debian\n', undefined],
    ['ID=debian\nVERSION_ID="130"\n', /is debian 130, the image is debian 13/],
    ['ID=debian\nVERSION_ID="1"\n', /is debian 1,/],
    ['ID=ubuntu\nVERSION_ID="13"\n', /is ubuntu 13,/],
    ['', /is linux,/],
    [undefined, /has no \/etc\/os-release/],
  ]
  for (const [text, message] of cases) {
    it(`with ${JSON.stringify(text)} ${message ? 'is refused' : 'is taken'}`, async (t) => {
      const root = temporaryFolder(t)
      if (text !== undefined) {
        plant(root, { 'usr/lib/os-release': text, 'etc/os-release': { link: '../usr/lib/os-release' } })
      }
      if (!message) return checkRoot(root, 'it', expected)
      const error = await expectCode('E-BASE-MISMATCH', () => checkRoot(root, 'it', expected))
      assert.match(error.message, message)
    })
  }

  it('is told apart by the machine of its programs, through links', async (t) => {
    const root = temporaryFolder(t)
    plant(root, { 'etc/os-release': 'ID=debian\n', 'usr/bin/': 'folder/', bin: { link: '/usr/bin' } })
    assert.equal(architectureOf(root), undefined)
    for (const [machine, arch] of [
      [62, 'amd64'],
      [183, 'arm64'],
      [999, 'machine 999'],
    ] as const) {
      const header = Buffer.alloc(64)
      header.write('\x7fELF', 'latin1')
      header.writeUInt16LE(machine, 18)
      writeFileSync(join(root, 'usr/bin/sh'), header)
      assert.equal(architectureOf(root), arch)
    }
    await expectCode('E-BASE-MISMATCH', () => checkRoot(root, 'it', expected))
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { LockedPackage } from '../lock/lock.ts'
import { expectCode } from '../testkit/testkit.ts'
import { type PackageRecord, recordsOf } from './package-list.ts'

const hash = 'ab'.repeat(32)
const curl: LockedPackage = {
  name: 'curl',
  version: '1:8.14.1~rc1-2',
  architecture: 'amd64',
  sha256: hash,
  size: 1234,
  url: 'http://mirror.test/pool/main/c/curl/curl_8.14.1%7erc1-2_amd64.deb',
}
const line = ({ name, version, architecture }: Pick<LockedPackage, 'name' | 'version' | 'architecture'>) =>
  `${name} ${version} ${architecture}\n`

describe('the list of packages', () => {
  it('has name, version, architecture, hash and file of each', () => {
    assert.deepEqual(recordsOf(line(curl), [curl]), [
      {
        name: 'curl',
        version: '1:8.14.1~rc1-2',
        architecture: 'amd64',
        sha256: hash,
        file: 'curl_8.14.1~rc1-2_amd64.deb',
      },
    ])
  })

  it('has packages without a file, too: Kiln makes one itself', () => {
    assert.deepEqual(recordsOf(`${line(curl)}kiln-initramfs 1 all\n`, [curl])[1], {
      name: 'kiln-initramfs',
      version: '1',
      architecture: 'all',
    })
  })

  for (const [what, text] of [
    ['nothing', ''],
    ['only blank lines', '\n\n\n'],
  ] as const)
    it(`is empty for ${what}`, () => assert.deepEqual(recordsOf(text, []), []))

  const mismatches: readonly (readonly [what: string, installed: string])[] = [
    ['nothing', ''],
    ['another version', line({ ...curl, version: '1:8.14.1-2' })],
    ['no epoch', line({ ...curl, version: '8.14.1~rc1-2' })],
    ['another architecture', line({ ...curl, architecture: 'all' })],
    ['another package', line({ ...curl, name: 'curl-minimal' })],
  ]
  for (const [what, installed] of mismatches) {
    it(`is refused where the package manager installed ${what} instead`, async () => {
      const error = await expectCode('E-PACKAGE-INSTALL', () => recordsOf(installed, [curl]))
      assert.match(error.message, /curl 1:8\.14\.1~rc1-2$/)
    })
  }

  it('names each package of the lock that is not there', async () => {
    const locked = ['a', 'b', 'c'].map((name) => ({ ...curl, name, version: '1' }))
    const error = await expectCode('E-PACKAGE-INSTALL', () => recordsOf('b 1 amd64\n', locked))
    assert.match(error.message, /: a 1, c 1$/)
  })

  const record = fc.record({
    name: fc.constantFrom('a', 'a-b', 'a.b', 'a+', 'ab', 'b'),
    version: fc.constantFrom('1', '2', '1:1'),
    architecture: fc.constantFrom('all', 'amd64'),
  })
  /** As dpkg has it: each name and architecture once. */
  const records = fc.uniqueArray(record, { selector: ({ name, architecture }) => `${name} ${architecture}` })
  const write = (all: readonly Pick<LockedPackage, 'name' | 'version' | 'architecture'>[]) =>
    all.map(line).join('')

  it('is sorted by name, then architecture, and has all that is installed', () => {
    fc.assert(
      fc.property(records, (all) => {
        const found = recordsOf(write(all), [])
        const parts = ({ name, architecture, version }: PackageRecord) => [name, architecture, version]
        const byParts = (a: string[], b: string[]) => {
          const at = a.findIndex((part, index) => part !== b[index])
          return at === -1 ? 0 : (a[at] ?? '') < (b[at] ?? '') ? -1 : 1
        }
        assert.deepEqual(found.map(parts), all.map(parts).toSorted(byParts))
      }),
    )
  })

  it('does not depend on the order in which the manager and the lock name them', () => {
    fc.assert(
      fc.property(records, fc.nat(), (all, count) => {
        const locked = all.slice(count % (all.length + 1)).map((each) => ({ ...curl, ...each }))
        const list = recordsOf(write(all), locked)
        assert.deepEqual(recordsOf(write(all.toReversed()), locked.toReversed()), list)
        assert.equal(list.filter(({ sha256 }) => sha256 === hash).length, locked.length)
      }),
    )
  })
})

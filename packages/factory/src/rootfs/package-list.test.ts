import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parsePackageRecords } from './package-list.ts'

const hash = 'ab'.repeat(32)
const curl = `Package: curl
Version: 8.14.1-2
Architecture: amd64
Depends: libc6 (>= 2.34),
 libcurl4t64 (= 8.14.1-2)
Description: tool
 Package: not-a-field
SHA256: ${hash}
Filename: pool/main/c/curl/curl_8.14.1-2_amd64.deb
`

describe('the list of packages', () => {
  it('has name, version, architecture, hash and file of each', () => {
    assert.deepEqual(parsePackageRecords(curl), [
      {
        name: 'curl',
        version: '8.14.1-2',
        architecture: 'amd64',
        sha256: hash,
        file: 'pool/main/c/curl/curl_8.14.1-2_amd64.deb',
      },
    ])
  })

  it('has packages without a file, too: Kiln makes one itself', () => {
    assert.deepEqual(parsePackageRecords('Package: kiln-initramfs\nVersion: 1\nArchitecture: all\n'), [
      { name: 'kiln-initramfs', version: '1', architecture: 'all' },
    ])
  })

  const nothing: readonly (readonly [what: string, text: string])[] = [
    ['nothing', ''],
    ['only blank lines', '\n\n\n'],
    ['a paragraph without a version', 'Package: a\nArchitecture: all\n'],
    ['text that is no paragraph', 'N: Unable to locate package x\n'],
  ]
  for (const [what, text] of nothing)
    it(`is empty for ${what}`, () => assert.deepEqual(parsePackageRecords(text), []))

  const record = fc.record({
    name: fc.constantFrom('a', 'a-b', 'a.b', 'a+', 'ab', 'b'),
    version: fc.constantFrom('1', '2', '1:1'),
    architecture: fc.constantFrom('all', 'amd64'),
  })
  const write = (records: readonly { name: string; version: string; architecture: string }[]) =>
    records
      .map(
        ({ name, version, architecture }) =>
          `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\n`,
      )
      .join('\n')

  it('is sorted by name, then architecture, and has nothing twice', () => {
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const found = parsePackageRecords(write(records))
        const sortKeys = found.map(({ name, architecture, version }) => [name, architecture, version])
        const expected = [...new Map(records.map((each) => [JSON.stringify(each), each])).values()].map(
          ({ name, architecture, version }) => [name, architecture, version],
        )
        const byParts = (a: string[], b: string[]) => {
          const at = a.findIndex((part, index) => part !== b[index])
          return at === -1 ? 0 : (a[at] ?? '') < (b[at] ?? '') ? -1 : 1
        }
        assert.deepEqual(sortKeys, expected.toSorted(byParts))
      }),
    )
  })

  it('does not depend on the order in which apt names them', () => {
    fc.assert(
      fc.property(fc.array(record), (records) => {
        assert.deepEqual(
          parsePackageRecords(write(records.toReversed())),
          parsePackageRecords(write(records)),
        )
      }),
    )
  })
})

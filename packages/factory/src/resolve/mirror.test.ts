import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PackageSet } from '../lock/lock.ts'
import { fromMirror } from './mirror.ts'

const archive = (uri: string, suite: string) => ({ uri, suite, components: ['main'] })
const set = (...urls: readonly string[]): PackageSet => ({
  request: { suite: 'trixie', arch: 'amd64', include: [], exclude: [] },
  archives: [
    archive('http://old.test/debian/', 'trixie'),
    archive('http://old.test/updates/', 'trixie-updates'),
    archive('http://old.test/debian-security/', 'trixie-security'),
  ],
  epoch: 1,
  packages: urls.map((url, index) => ({
    name: `p${index}`,
    version: '1',
    architecture: 'all',
    sha256: 'ab'.repeat(32),
    size: 1,
    url,
  })),
})

describe('a set from a mirror', () => {
  const cases: readonly (readonly [what: string, from: string, to: string])[] = [
    ['has the files of the suite there', 'http://old.test/debian/pool/a.deb', 'http://new.test/d/pool/a.deb'],
    ['has its updates there', 'http://old.test/updates/pool/a%3a1.deb', 'http://new.test/d/pool/a%3a1.deb'],
    [
      'has files of the security archive where they were',
      'http://old.test/debian-security/pool/a.deb',
      'http://old.test/debian-security/pool/a.deb',
    ],
    ['leaves what is there already', 'http://new.test/d/pool/a.deb', 'http://new.test/d/pool/a.deb'],
  ]
  for (const [what, from, to] of cases) {
    for (const mirror of ['http://new.test/d', 'http://new.test/d/']) {
      it(`${what}: ${mirror}`, () => assert.deepEqual(fromMirror(set(from), mirror), set(to)))
    }
  }

  it('is the same where no mirror is named', () => {
    const given = set('http://old.test/debian/pool/a.deb')
    assert.equal(fromMirror(given, undefined), given)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareDebianVersions, compareVersionLists } from './debian-version.ts'

describe("Debian's versions", () => {
  for (const [a, b] of [
    ['257.9-1~deb13u1', '257.9-1'],
    ['257.9-1', '257.10-1'],
    ['257~rc1-1', '257-1'],
    ['2.12-9', '2.12-9+deb13u1'],
    ['2.12', '2.12-1'],
    ['9.0', '1:1.0'],
    ['1.0a', '1.0b'],
    ['1.0', '1.0a'],
    ['1.0~', '1.0'],
    ['1.0-a', '1.0-+'],
    ['0.9', '00.10'],
  ] as const) {
    test(`${a} is older than ${b}`, () => {
      assert.ok(compareDebianVersions(a, b) < 0)
      assert.ok(compareDebianVersions(b, a) > 0)
      assert.equal(compareDebianVersions(a, a), 0)
    })
  }

  test('of several packages, the first that differs decides', () => {
    assert.ok(compareVersionLists('257.9-1 2.12-9', '257.9-1 2.12-10') < 0)
    assert.ok(compareVersionLists('258-1 2.12-9', '257.9-1 2.12-10') > 0)
    assert.equal(compareVersionLists('257.9-1 2.12-9', '257.9-1 2.12-9'), 0)
  })
})

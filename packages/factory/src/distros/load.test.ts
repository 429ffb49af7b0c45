import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { expectCode } from '../testkit/testkit.ts'
import { debianArchitecture } from './debian-architecture.ts'
import { listDistros, loadDistro } from './load.ts'

const files = readdirSync(fileURLToPath(new URL('../../../../distros', import.meta.url)))
const flavors = files.filter((name) => name !== 'common.yaml').map((name) => name.replace(/\.yaml$/, ''))

describe('the data of distributions', () => {
  it('is one file for each, named after its flavor', () => {
    const listed = listDistros().map(({ flavor }) => flavor)
    assert.deepEqual(listed, flavors.toSorted())
    assert.ok(listed.includes('debian'))
  })

  for (const flavor of flavors) {
    it(`of ${flavor} is complete`, () => {
      const distro = loadDistro(flavor)
      assert.equal(distro.flavor, flavor)
      assert.ok(Object.keys(distro.releases).length > 0, 'releases')
      assert.ok(distro.archive.components.length > 0, 'components')
      assert.ok(distro.kernel.amd64, 'a kernel for amd64')
      const listed = listDistros().find((each) => each.flavor === flavor)
      assert.deepEqual(listed?.releases, Object.keys(distro.releases))
    })

    it(`of ${flavor} names no package and no service twice`, () => {
      const { packages, services, common } = loadDistro(flavor)
      const lists = [
        [...packages.required, ...packages.default],
        [...common.services.enable, ...services.enable],
        [...common.services.mask, ...services.mask],
      ]
      for (const list of lists) assert.equal(new Set(list).size, list.length, list.join(' '))
    })

    it(`of ${flavor} does not both enable and mask a service`, () => {
      const { services, common } = loadDistro(flavor)
      const masked = new Set([...common.services.mask, ...services.mask])
      assert.deepEqual(
        [...common.services.enable, ...services.enable].filter((unit) => masked.has(unit)),
        [],
      )
    })
  }

  it('has a layout of absolute paths, each once', () => {
    const { ephemeral, persistent, store } = loadDistro('debian').common.layout
    const paths = [...ephemeral, ...persistent, store]
    for (const path of paths) assert.match(path, /^(\/[a-z0-9._-]+)+$/)
    assert.equal(new Set(paths).size, paths.length)
  })
})

describe('a distribution without data', () => {
  const cases: readonly (readonly [flavor: string, hint: RegExp])[] = [
    ['debain', /did you mean "debian"\?/],
    ['Debian', /did you mean "debian"\?/],
    ['haiku', /known: .*debian/],
    ['common', /known: .*debian/],
    ['../distros/debian', /debian/],
    ['', /known: .*debian/],
  ]
  for (const [flavor, hint] of cases) {
    it(`is "${flavor}"`, async () => {
      const error = await expectCode('E-DISTRO-UNKNOWN', () => loadDistro(flavor))
      assert.ok(error.message.includes(`"${flavor}"`))
      assert.match(error.hint ?? '', hint)
    })
  }
})

describe("Debian's name of an architecture", () => {
  for (const [node, debian] of [
    ['x64', 'amd64'],
    ['arm64', 'arm64'],
    ['riscv64', 'riscv64'],
    ['s390x', 's390x'],
  ] as const) {
    it(`of ${node} is ${debian}`, () => assert.equal(debianArchitecture(node), debian))
  }
})

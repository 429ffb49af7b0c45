import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { artifactEndings } from './artifacts.ts'
import { isKilnError } from './error.ts'
import { formName } from './name-check.ts'
import { type ParsedName, parseName, printName } from './name-parse.ts'
import { architectures, type ImageIdentity, variants } from './names.ts'
import { listUpgrades } from './upgrades.ts'
import { compareVersions, parseVersion } from './versions.ts'

const number = fc.nat({ max: 40 })
const core = fc.tuple(number, number, number).map((numbers) => `v${numbers.join('.')}`)
const pre = fc.constantFrom('', '-rc1', '-rc.2', '-beta10', '-RC3', '-3-g1234abc', '-12-g0a1b2c3')
const build = fc.constantFrom('', '+build5', '+build.12', '+7')
const version = fc.tuple(core, pre, build).map((parts) => parts.join(''))
const k3s = fc.tuple(core, fc.constantFrom('', '-rc1'), number).map(([v, p, n]) => `${v}${p}+k3s${n}`)
const k0s = fc.tuple(core, number).map(([v, n]) => `${v}+k0s.${n}`)
const kubernetes = fc.oneof(
  k3s.map((text) => ({ distribution: 'k3s', version: text })),
  k0s.map((text) => ({ distribution: 'k0s', version: text })),
)
const flavored = fc.constantFrom(
  ['debian', '13'],
  ['debian', 'bookworm'],
  ['ubuntu', '24.04'],
  ['opensuse', 'leap-15.6'],
  ['opensuse', 'tumbleweed'],
  ['opensuse', 'tumbleweed-20260105'],
  ['sle-micro-rancher', '5.4'],
  ['hadron', 'v0.5.1'],
  ['hadron-trusted', 'v0.5.1-beta2'],
  ['centos', 'stream9'],
  ['my-own-os', '1.0'],
) as fc.Arbitrary<[string, string]>
const image: fc.Arbitrary<ImageIdentity> = fc
  .record({
    flavored,
    arch: fc.constantFrom(...architectures),
    device: fc.constantFrom('generic', 'rpi4', 'nvidia-jetson-agx-orin', 'a_b.c'),
    version,
    kubernetes: fc.option(kubernetes, { nil: undefined }),
  })
  .map(({ flavored: [flavor, flavorRelease], kubernetes: has, ...rest }) => ({
    flavor,
    flavorRelease,
    variant: has ? 'standard' : 'core',
    ...rest,
    ...(has ? { kubernetes: has } : {}),
  }))

/** Whatever somebody may type. */
const anyText = fc.string({
  unit: fc.constantFrom(...'av0.1-+_A/:@', 'core-amd64', '-v1.0.0', '.iso', '-k3sv'),
  maxLength: 8,
})
const anyImage: fc.Arbitrary<ImageIdentity> = fc.record(
  {
    flavor: fc.oneof(anyText, fc.constant('debian')),
    flavorRelease: fc.oneof(anyText, fc.constant('13')),
    variant: fc.constantFrom(...variants),
    arch: fc.constantFrom(...architectures),
    device: fc.oneof(anyText, fc.constant('generic')),
    version: fc.oneof(version, anyText),
  },
  { noNullPrototype: true },
)

/** Undefined where it is refused. */
function whereAllowed<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (isKilnError(error) && error.code === 'E-NAME') return undefined
    throw error
  }
}

describe('a name that is formed', () => {
  const endings = fc.constantFrom('', '-uki.iso', ...Object.values(artifactEndings))

  test('is read back as the same image, in a file without being told what', () => {
    fc.assert(
      fc.property(image, endings, (given, ending) => {
        const read = parseName(formName({ kind: 'file', image: given, ending }))
        assert.deepEqual(
          [read.image, read.ending + read.companions.join(''), read.kind],
          [given, ending, 'file'],
        )
      }),
    )
  })

  test('is read back as the same image, in a registry with a version of its family', () => {
    fc.assert(
      fc.property(
        image,
        fc.constantFrom('quay.io/kairos', 'localhost:5000', 'a.b/c/d'),
        (given, registry) => {
          const text = formName({ kind: 'reference', image: given, registry })
          const read = parseName(text, { like: given })
          assert.deepEqual([read.image, read.registry, read.kind], [given, registry, 'reference'])
          assert.equal(printName(read), text)
        },
      ),
    )
  })

  test('of whatever parts, is read back or refused', () => {
    fc.assert(
      fc.property(anyImage, fc.constantFrom('file', 'name'), (given, kind) => {
        const text = whereAllowed(() => formName({ kind, image: given }))
        if (text !== undefined) assert.deepEqual(parseName(text, { kind }).image, given)
      }),
      { numRuns: 1000 },
    )
  })

  test('is that of no other image', () => {
    fc.assert(
      fc.property(anyImage, anyImage, (a, b) => {
        const [one, other] = [a, b].map((each) => whereAllowed(() => formName({ kind: 'file', image: each })))
        if (one !== undefined && one === other) assert.deepEqual(a, b)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a name that is read', () => {
  const names = readFileSync(new URL('testkit/names.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t')[0] ?? '')

  test('is printed to the letter, whatever was done to it; or refused', () => {
    const edit = fc.record({ at: fc.nat(), cut: fc.nat({ max: 3 }), put: anyText })
    let read = 0
    fc.assert(
      fc.property(fc.constantFrom(...names), edit, (name, { at, cut, put }) => {
        const start = at % (name.length + 1)
        const text = `${name.slice(0, start)}${put}${name.slice(start + cut)}`
        const parsed = whereAllowed<ParsedName>(() => parseName(text))
        if (!parsed) return
        read++
        assert.equal(printName(parsed), text)
      }),
      { numRuns: 3000 },
    )
    assert.ok(read > 200, `only ${read} were names`)
  })

  test('is refused with a place inside of it, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string()), (text) => {
        try {
          parseName(text)
        } catch (error) {
          assert.ok(isKilnError(error), `${error}`)
          const { column = 0, end } = error.place ?? {}
          assert.ok(column >= 1 && column <= text.length + 1)
          assert.ok((end?.column ?? 0) >= column && (end?.column ?? 0) <= text.length + 1)
        }
      }),
    )
  })
})

describe('the order of versions', () => {
  const parsed = version.map((text) => parseVersion(text)).filter((each) => each !== undefined)

  test('is one: what is true of two is true the other way round, and of three in a row', () => {
    fc.assert(
      fc.property(parsed, parsed, parsed, (a, b, c) => {
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0)
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0)
      }),
      { numRuns: 1000 },
    )
  })
})

const k3sOf = (text: string) => ({ distribution: 'k3s', version: `${text}+k3s1` })
const k0sOf = (text: string) => ({ distribution: 'k0s', version: `${text}+k0s.0` })

test('nothing is offered that takes anything back, or is another image', () => {
  const numbers = (text = '') => (text.match(/^v(\d+)\.(\d+)\.(\d+)/) ?? []).slice(1).map(Number)
  const isOlder = (a: readonly number[], b: readonly number[]) => {
    const at = a.findIndex((each, index) => each !== b[index])
    return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
  }
  const few = fc.tuple(...[0, 1, 2].map(() => fc.nat({ max: 2 }))).map((each) => `v${each.join('.')}`)
  const small: fc.Arbitrary<ImageIdentity> = fc
    .record({ image, few, k3s: few, rc: fc.constantFrom('', '', '-rc1'), kubernetes: fc.nat({ max: 3 }) })
    .map(({ image: { kubernetes: _, ...any }, few: own, k3s: version, rc, kubernetes: has }) => ({
      ...any,
      ...(any.arch === 'riscv64' ? {} : { flavor: 'debian', flavorRelease: '13' }),
      arch: 'amd64',
      device: any.device === 'rpi4' ? 'rpi4' : 'generic',
      variant: 'standard',
      version: `${own}${rc}`,
      ...(has === 0 ? {} : { kubernetes: has === 1 ? k0sOf(version) : k3sOf(version) }),
    }))
  let offers = 0
  fc.assert(
    fc.property(
      small,
      fc.array(small, { minLength: 20, maxLength: 40 }),
      fc.boolean(),
      (running, others, pre) => {
        const texts = [
          ...new Set(others.map((other) => formName({ kind: 'file', image: other, ending: '' }))),
        ]
        const { offered, refused } = listUpgrades(running, texts, { pre, all: false }, (text) =>
          parseName(text),
        )
        assert.equal(offered.length + refused.length, texts.length)
        for (const { image: offer } of offered) {
          offers++
          for (const part of ['flavor', 'arch', 'device', 'variant'] as const) {
            assert.equal(offer[part], running[part])
          }
          assert.equal(offer.kubernetes?.distribution, running.kubernetes?.distribution)
          assert.ok(!isOlder(numbers(offer.version), numbers(running.version)))
          assert.ok(!isOlder(numbers(offer.kubernetes?.version), numbers(running.kubernetes?.version)))
        }
      },
    ),
    { numRuns: 300 },
  )
  assert.ok(offers > 100, `only ${offers} were offered`)
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseIndexTargets } from './apt.ts'
import { bootstrapArguments, excludedPaths, sourcesList } from './mmdebstrap.ts'

describe("the machine's own sources", () => {
  const target = (suite: string, uri = 'http://mirror.test/debian/', createdBy = 'Packages') =>
    `${createdBy}|${uri}|${suite}`
  const cases: readonly (readonly [what: string, lines: readonly string[], suites: readonly string[]])[] = [
    [
      'are those of its release',
      [target('bookworm'), target('bookworm-updates')],
      ['bookworm', 'bookworm-updates'],
    ],
    [
      'include security, in its old form, too',
      [target('bookworm-security'), target('bookworm/updates')],
      ['bookworm-security', 'bookworm/updates'],
    ],
    [
      'are named once, however many components they have',
      [target('bookworm'), target('bookworm')],
      ['bookworm'],
    ],
    [
      'are not those of other vendors',
      [target('stable'), target('nodistro'), target('bookworm')],
      ['bookworm'],
    ],
    ['are not backports', [target('bookworm-backports')], []],
    ['are not those of translations and contents', [target('bookworm', undefined, 'Translations')], []],
    ['are none where apt says nothing', [''], []],
    ['are not lines without an address', [target('bookworm', '')], []],
  ]
  for (const [what, lines, suites] of cases) {
    it(what, () => {
      const sources = parseIndexTargets(`${lines.join('\n')}\n`, 'bookworm')
      assert.deepEqual(
        sources.map(({ suite }) => suite),
        suites,
      )
    })
  }

  it('of the same suite at two mirrors are two', () => {
    const output = [target('bookworm'), target('bookworm', 'http://other.test/')].join('\n')
    assert.deepEqual(parseIndexTargets(output, 'bookworm'), [
      { uri: 'http://mirror.test/debian/', suite: 'bookworm' },
      { uri: 'http://other.test/', suite: 'bookworm' },
    ])
  })
})

describe('a sources list', () => {
  const archive = {
    suites: [
      { uri: 'http://mirror.test/debian/', suite: 'trixie', components: ['main', 'contrib'] },
      { uri: 'http://mirror.test/debian/', suite: 'trixie-updates', components: ['main'] },
    ],
  }

  it('has a line for each suite', () => {
    assert.equal(
      sourcesList(archive),
      'deb http://mirror.test/debian/ trixie main contrib\ndeb http://mirror.test/debian/ trixie-updates main\n',
    )
  })

  it('trusts only the keyring, where one is given', () => {
    const option = '[signed-by=/keys/a.gpg]'
    assert.equal(
      sourcesList(archive, '/keys/a.gpg'),
      sourcesList(archive).replaceAll(/^deb /gm, `deb ${option} `),
    )
  })

  it('of no suites is empty', () => assert.equal(sourcesList({ suites: [] }), ''))
})

describe('mmdebstrap', () => {
  const options = { suite: 'trixie', arch: 'arm64', repository: '/cache/repository', target: '/target' }
  const words = bootstrapArguments(options)

  it('makes a folder of the suite, for the architecture', () => {
    for (const word of ['--mode=root', '--format=directory', '--architectures=arm64']) {
      assert.ok(words.includes(word), word)
    }
    assert.deepEqual(words.slice(-3, -1), ['trixie', '/target'])
  })

  it('takes packages from the repository only, which was checked before', () => {
    assert.equal(words.at(-1), 'deb [trusted=yes] copy:/cache/repository ./')
    assert.ok(
      words.every((word) => !/https?:|--keyring|--include/.test(word)),
      words.join(' '),
    )
    assert.equal(words.filter((word) => word.includes('deb ')).length, 1)
  })

  it('installs the essential packages and apt, and leaves no lists behind', () => {
    assert.ok(words.includes('--variant=apt'))
    assert.ok(!words.some((word) => word.startsWith('--skip=')))
  })

  it('leaves out what an image does not need, but keeps licences', () => {
    const dpkg = words.filter((word) => word.startsWith('--dpkgopt=path-'))
    assert.deepEqual(
      dpkg,
      excludedPaths.map((path) => `--dpkgopt=${path}`),
    )
    const at = (path: string) => excludedPaths.indexOf(path)
    assert.ok(at('path-exclude=/usr/share/doc/*') >= 0)
    assert.ok(at('path-include=/usr/share/doc/*/copyright') > at('path-exclude=/usr/share/doc/*'))
  })
})

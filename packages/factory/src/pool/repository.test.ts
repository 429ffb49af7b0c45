import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { LockedPackage } from '../lock/lock.ts'
import { packageFile, sha256 } from '../testkit/debian-archive.ts'
import { serve } from '../testkit/server.ts'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { run } from '../tools/process.ts'
import { openPool } from './pool.ts'
import { indexEntry, repositoryMaker } from './repository.ts'

const { signal } = new AbortController()
const file = (change: Partial<LockedPackage> = {}): LockedPackage => ({
  name: 'editor',
  version: '1:1.0',
  architecture: 'all',
  sha256: 'ab'.repeat(32),
  size: 1234,
  url: 'http://mirror.test/pool/editor_1.0_all.deb',
  ...change,
})

describe('a paragraph of the index', () => {
  const control = 'Package: editor\nVersion: 1:1.0\nDescription: edits\n what there is\n'
  for (const text of [control, control.trimEnd(), `${control}\n\n`]) {
    it(`is what the package says of itself, with its file: ${JSON.stringify(text.slice(-8))}`, () => {
      assert.equal(
        indexEntry(text, file(), 'editor_1.0_all.deb'),
        `${control}Filename: ./editor_1.0_all.deb\nSize: 1234\nSHA256: ${'ab'.repeat(32)}\n`,
      )
    })
  }
})

/** What stands in the archive: name and version, and the file's name there. */
const published: readonly (readonly [name: string, version: string, path: string])[] = [
  ['editor', '1:6.5~rc1+dfsg-1', 'editor_6.5%7erc1%2bdfsg-1_all.deb'],
  ['libstdc++6', '14.2.0-19', 'libstdc%2b%2b6_14.2.0-19_all.deb'],
  ['pager', '2:1', 'pager_2%3a1_all.deb'],
]

async function bench(t: TestContext) {
  const files = new Map(
    published.map(([Package, Version, path]) => {
      const fields = { Package, Version, Architecture: 'all', Maintainer: 'Test <t@t>' }
      return [`/pool/${path}`, packageFile(t, fields)]
    }),
  )
  const { url, asked } = await serve(t, ({ path }) => files.get(path) ?? 404)
  const packages = published.map(([name, version, path]) => {
    const bytes = files.get(`/pool/${path}`) ?? assert.fail(path)
    return file({ name, version, url: `${url}/pool/${path}`, size: bytes.length, sha256: sha256(bytes) })
  })
  const folder = temporaryFolder(t)
  const pool = join(folder, 'pool')
  let count = 0
  const make = async (wanted: readonly LockedPackage[] = packages) => {
    const out = join(folder, `out-${++count}`)
    mkdirSync(out)
    const progress: (readonly [done: number, total: number | undefined, unit: string])[] = []
    const params = { packages: wanted }
    const report = await repositoryMaker(openPool(pool))(
      { id: 'files', kind: 'repository', title: 'files', params, inputs: {} },
      {
        inputs: {},
        out,
        scratch: folder,
        signal,
        line: () => {},
        progress: (...told) => progress.push(told),
      },
    )
    return { report, repository: join(out, 'repository'), progress }
  }
  return { make, packages, asked, folder }
}

const sizeOf = (packages: readonly LockedPackage[]) => packages.reduce((sum, { size }) => sum + size, 0)

describe('a repository', () => {
  it('holds exactly the files of its set, as they were signed', async (t) => {
    const { make, packages } = await bench(t)
    const { repository, report } = await make()
    const names = readdirSync(repository).filter((name) => name !== 'Packages')
    const hashes = names.map((name) => sha256(readFileSync(join(repository, name))))
    assert.deepEqual(hashes.toSorted(), packages.map((each) => each.sha256).toSorted())
    assert.deepEqual(report.facts, { packages: 3, loaded: sizeOf(packages) })
  })

  it('is one that apt takes packages from, whatever their names', async (t) => {
    const { make, packages, folder } = await bench(t)
    const { repository } = await make()
    for (const scheme of ['file', 'copy']) {
      const root = join(folder, scheme)
      plant(root, {
        'etc/parts': 'folder/',
        'lists/partial': 'folder/',
        'cache/archives/partial': 'folder/',
        status: '',
        'etc/sources.list': `deb [trusted=yes] ${scheme}:${repository} ./\n`,
        'apt.conf': [
          `Dir "${root}";`,
          'Dir::Etc "etc"; Dir::Etc::parts "parts"; Dir::Etc::sourcelist "sources.list";',
          'Dir::Etc::sourceparts "parts"; Dir::Etc::trustedparts "parts"; Dir::Etc::preferencesparts "parts";',
          'Dir::State ""; Dir::State::Lists "lists"; Dir::State::status "status"; Dir::Cache "cache";',
          'APT::Sandbox::User "root"; APT::Architecture "amd64"; APT::Architectures { "amd64"; };',
        ].join('\n'),
      })
      const options = { env: { APT_CONFIG: join(root, 'apt.conf') }, cwd: root, signal }
      await run('apt-get', ['update', '--error-on=any'], options)
      const wanted = packages.map(({ name, version }) => `${name}=${version}`)
      await run('apt-get', ['download', ...wanted], options)
      const taken = readdirSync(root)
        .filter((name) => name.endsWith('.deb'))
        .map((name) => sha256(readFileSync(join(root, name))))
      assert.deepEqual(taken.toSorted(), packages.map((each) => each.sha256).toSorted(), scheme)
    }
  })

  it('has an index in the order of the lock, the same each time', async (t) => {
    const { make, packages } = await bench(t)
    const [one, two] = [await make(), await make()]
    const indexOf = ({ repository }: { repository: string }) =>
      readFileSync(join(repository, 'Packages'), 'utf8')
    assert.equal(indexOf(two), indexOf(one))
    assert.deepEqual(
      [...indexOf(one).matchAll(/^Package: (.*)$/gm)].map(([, name]) => name),
      packages.map(({ name }) => name),
    )
  })

  it('takes from the pool what another one has loaded', async (t) => {
    const { make, packages, asked } = await bench(t)
    await make(packages.slice(0, 1))
    const { report } = await make()
    assert.deepEqual(report.facts, { packages: 3, loaded: sizeOf(packages.slice(1)) })
    assert.equal(asked.length, 3)
    assert.deepEqual((await make()).report.facts, { packages: 3, loaded: 0 })
  })

  for (const [what, before] of [
    ['loaded', 0],
    ['partly there', 1],
    ['there', 3],
  ] as const) {
    it(`tells its progress to the end, where its files are ${what}`, async (t) => {
      const { make, packages } = await bench(t)
      await make(packages.slice(0, before))
      const { progress } = await make()
      assert.deepEqual(progress.at(-1), [sizeOf(packages), sizeOf(packages), 'bytes'])
    })
  }

  it('of nothing is an empty one', async (t) => {
    const { repository } = await (await bench(t)).make([])
    assert.deepEqual(readdirSync(repository), ['Packages'])
    assert.equal(readFileSync(join(repository, 'Packages'), 'utf8'), '')
  })

  it('is not made where a file is gone', async (t) => {
    const { make, packages } = await bench(t)
    const lost = file({ name: 'lost', url: `${packages[0]?.url}.old` })
    const error = await expectCode('E-PACKAGE-GONE', () => make([...packages, lost]))
    assert.deepEqual(error.subjects, ['lost'])
  })
})

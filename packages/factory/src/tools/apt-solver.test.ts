import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type ResolvedArchive, resolveArchive } from '../resolve/archive.ts'
import { sha256 as hashOf, makeArchive, makeSigningKey, type TestPackage } from '../testkit/debian-archive.ts'
import { expectCode, temporaryFolder, withAptConfig } from '../testkit/testkit.ts'
import { matchRecords, openSolver, parsePrintedUris, standIn } from './apt-solver.ts'

const { signal } = new AbortController()

describe('the lines that apt-get prints', () => {
  const cases: readonly (readonly [file: string, name: string, version: string])[] = [
    ['curl_8.14.1-2_amd64.deb', 'curl', '8.14.1-2'],
    ['login_1%3a4.16.0-2+really2.41-5_amd64.deb', 'login', '1:4.16.0-2+really2.41-5'],
    ['libncurses6_6.5~rc1+dfsg-1_arm64.deb', 'libncurses6', '6.5~rc1+dfsg-1'],
    ['libstdc++6_14.2.0-19_amd64.deb', 'libstdc++6', '14.2.0-19'],
    ['python3.13-minimal_3.13.5-2_all.deb', 'python3.13-minimal', '3.13.5-2'],
    ['a_2%3a1%3a1_all.deb', 'a', '2:1:1'],
  ]
  for (const [file, name, version] of cases) {
    it(`name ${name} ${version}`, () => {
      const url = `http://mirror.test/pool/${encodeURIComponent(file)}`
      const expected = [{ name, version, url }]
      for (const hash of ['', 'SHA256:ab', 'MD5Sum:ab']) {
        assert.deepEqual(parsePrintedUris(`'${url}' ${file} 1234 ${hash}\n`), expected)
      }
    })
  }

  it('keep their order, with whatever else apt says left out', () => {
    const line = (name: string) => `'http://mirror.test/${name}.deb' ${name}_1_all.deb 10 SHA256:ab`
    const output = ['Reading package lists...', line('b'), '', "N: 'x' is no package", line('a'), ''].join(
      '\n',
    )
    assert.deepEqual(
      parsePrintedUris(output).map(({ name }) => name),
      ['b', 'a'],
    )
    assert.deepEqual(parsePrintedUris(''), [])
  })
})

describe('the records of printed files', () => {
  const sha256 = 'ab'.repeat(32)
  const record = (name: string, version = '1', change = `SHA256: ${sha256}\n`) =>
    `Package: ${name}\nVersion: ${version}\nInstalled-Size: 7\nArchitecture: amd64\nSize: 20\n${change}Description: x\n Size: 30\n`
  const file = (name: string, version = '1') => ({ name, version, url: `http://mirror.test/${name}` })
  const locked = (name: string, version = '1') => ({
    ...file(name, version),
    architecture: 'amd64',
    sha256,
    size: 20,
  })

  it('bring hash, size and architecture, sorted by name', () => {
    const shown = [record('b'), record('a', '1:2'), record('a+'), ''].join('\n')
    const files = [file('b'), file('a+'), file('a', '1:2')]
    assert.deepEqual(matchRecords(files, shown), [locked('a', '1:2'), locked('a+'), locked('b')])
  })

  it('are found by version, too, and others left out', () => {
    const shown = [record('a', '2', 'SHA256: other\n'), record('a'), record('c')].join('\n\n')
    assert.deepEqual(matchRecords([file('a')], shown), [locked('a')])
  })

  const refusals: readonly (readonly [what: string, shown: string])[] = [
    ['are missing', ''],
    ['are those of another version', record('a', '2')],
    ['have no strong hash', record('a', '1', `MD5sum: ${'ab'.repeat(16)}\n`)],
    ['have a hash only in their description', `${record('a', '1', '')} SHA256: ${sha256}\n`],
  ]
  for (const [what, shown] of refusals) {
    it(`are not trusted where they ${what}`, async () => {
      const error = await expectCode('E-ARCHIVE-UNTRUSTED', () => matchRecords([file('a')], shown))
      assert.match(error.message, /SHA256 for a 1$/)
    })
  }
})

const packages: readonly TestPackage[] = [
  { Package: 'libc6', Version: '2.41-12', Architecture: 'amd64', Essential: 'yes', Depends: 'gcc-base' },
  { Package: 'gcc-base', Version: '14.2.0-19' },
  { Package: 'apt', Depends: 'libc6 (>= 2.34)' },
  { Package: 'editor', Version: '1:6.5~rc1+dfsg-1', Depends: 'libstdc++6', Recommends: 'help' },
  { Package: 'libstdc++6', Version: '14.2.0-19', Depends: 'libc6, gcc-base' },
  { Package: 'help', Suggests: 'apt' },
  { Package: 'either', Depends: 'editor | help' },
  { Package: 'python3.11' },
  { Package: 'linux-image', Depends: 'initramfs-tools (>= 0.120) | linux-initramfs-tool' },
  { Package: 'initramfs-tools', Version: '0.148', Provides: 'linux-initramfs-tool' },
  { Package: 'g++' },
  { Package: 'broken', Depends: 'no-such-library (>= 2), help' },
  { Package: 'enemy', Conflicts: 'help' },
  { Package: 'wants-enemy', Depends: 'enemy' },
]

async function bench(t: TestContext) {
  const made = await makeArchive(t)
  made.publish('trixie', packages)
  const { url: mirror, keyring } = made
  const resolve = (signedBy = keyring): Promise<ResolvedArchive> => {
    const request = { suite: 'trixie', components: ['main'], mirror, keyring: signedBy, keyringPackage: '' }
    return resolveArchive(request, signal)
  }
  const folder = join(temporaryFolder(t), 'solver')
  const open = (archive: ResolvedArchive) => openSolver(folder, archive, 'amd64', signal)
  const solve = async (include: readonly string[], exclude: readonly string[] = []) => {
    const request = { suite: 'trixie', arch: 'amd64', include: [...include], exclude: [...exclude] }
    return (await open(await resolve())).solve(request, signal)
  }
  return { ...made, folder, resolve, open, solve }
}

describe('the solver', () => {
  const sets: readonly (readonly [
    what: string,
    include: readonly string[],
    exclude: readonly string[],
    names: readonly string[],
  ])[] = [
    [
      'takes what a package depends on, and not what it recommends',
      ['editor'],
      [],
      ['editor', 'gcc-base', 'libc6', 'libstdc++6'],
    ],
    ['takes essential packages by their pattern', ['?essential', 'apt'], [], ['apt', 'gcc-base', 'libc6']],
    [
      'takes the first of alternatives',
      ['either'],
      [],
      ['editor', 'either', 'gcc-base', 'libc6', 'libstdc++6'],
    ],
    ['takes another one where the first is excluded', ['either'], ['editor'], ['either', 'help']],
    ['may exclude what nothing wants', ['help'], ['python3.11'], ['help']],
    ['takes a name that ends in a plus', ['g++'], [], ['g++']],
    ['leaves a name out that ends in a plus', ['help'], ['g++'], ['help']],
    ['takes no maker of initramfs for a kernel: Kiln stands in for it', ['linux-image'], [], ['linux-image']],
  ]
  for (const [what, include, exclude, names] of sets) {
    it(what, async (t) => {
      const found = await (await bench(t)).solve(include, exclude)
      assert.deepEqual(
        found.map(({ name }) => name),
        names,
      )
    })
  }

  it('tells all of a file that the archive signed', async (t) => {
    const { solve, url, publish } = await bench(t)
    publish('trixie', packages, { files: true })
    const found = await solve(['editor'])
    for (const { name, url: from, sha256, size } of found) {
      const bytes = Buffer.from(await (await fetch(from)).arrayBuffer())
      assert.equal(hashOf(bytes), sha256, name)
      assert.equal(bytes.length, size, name)
    }
    const facts = found.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`)
    assert.deepEqual(facts, [
      'editor 1:6.5~rc1+dfsg-1 all',
      'gcc-base 14.2.0-19 all',
      'libc6 2.41-12 amd64',
      'libstdc++6 14.2.0-19 all',
    ])
    assert.ok(found.every((file) => file.url.startsWith(`${url}/pool/`)))
  })

  it('takes the newest of what several suites have', async (t) => {
    const { solve, publish } = await bench(t)
    publish('trixie-updates', [{ Package: 'help', Version: '2' }])
    assert.deepEqual(
      (await solve(['help'])).map(({ version }) => version),
      ['2'],
    )
  })

  const unknown: readonly (readonly [
    what: string,
    include: readonly string[],
    exclude: readonly string[],
    subjects: readonly string[],
  ])[] = [
    ['does not have', ['editor', 'hepl', 'edtior'], [], ['hepl', 'edtior']],
    ['has only a provider of', ['linux-initramfs-tool'], [], ['linux-initramfs-tool']],
    ['does not have, though it is only to be left out', ['help'], ['hepl'], ['hepl']],
    ['does not have, though apt would take the plus for a wish', ['help+'], [], ['help+']],
    ['does not have, though the name would do as a pattern for another', ['python3.1'], [], ['python3.1']],
  ]
  for (const [what, include, exclude, subjects] of unknown) {
    it(`names each package that the archive ${what}`, async (t) => {
      const { solve } = await bench(t)
      const error = await expectCode('E-PACKAGE-UNKNOWN', () => solve(include, exclude))
      assert.deepEqual(error.subjects, subjects)
      assert.equal(error.exitCode, 3)
    })
  }

  const unsatisfiable: readonly (readonly [
    what: string,
    include: readonly string[],
    exclude: readonly string[],
    message: RegExp,
    subjects: readonly string[],
  ])[] = [
    [
      'depends on what the archive lacks',
      ['editor', 'broken'],
      [],
      /broken Depends: no-such-library \(>= 2\) but it is not installable/,
      ['broken', 'no-such-library'],
    ],
    [
      'does not go with another',
      ['help', 'enemy'],
      [],
      /enemy Conflicts: help but 1 is to be installed/,
      ['enemy', 'help'],
    ],
    [
      'depends on what does not go with another',
      ['help', 'wants-enemy'],
      [],
      /enemy Conflicts: help but 1 is to be installed/,
      ['enemy', 'help'],
    ],
    [
      'needs what is to be left out',
      ['wants-enemy'],
      ['enemy'],
      /wants-enemy Depends: enemy but it is not going to be installed/,
      ['wants-enemy', 'enemy'],
    ],
  ]
  for (const [what, include, exclude, message, subjects] of unsatisfiable) {
    it(`says in the words of apt that a package ${what}`, async (t) => {
      const { solve } = await bench(t)
      const error = await expectCode('E-PACKAGE-UNSATISFIABLE', () => solve(include, exclude))
      assert.match(error.message, message)
      assert.deepEqual(error.subjects, subjects)
      assert.match(error.output ?? '', /unmet dependencies|Unable to satisfy dependencies/)
      assert.equal(error.exitCode, 3)
    })
  }

  it('knows when the newest suite was signed', async (t) => {
    const { open, resolve, publish } = await bench(t)
    const date = 'Tue, 09 Sep 2025 12:30:00 UTC'
    publish('trixie-updates', [], { date })
    assert.equal((await open(await resolve())).epoch, Date.parse(date) / 1000)
  })

  it('loads over the proxy of the machine, and keeps its password from others', async (t) => {
    const { url, keyring, folder } = await bench(t)
    withAptConfig(t, `Acquire::http::Proxy "${url.replace('http://', 'http://me:geheim@')}";`)
    const mirror = 'http://mirror.invalid'
    const request = { suite: 'trixie', components: ['main'], mirror, keyring, keyringPackage: '' }
    const solver = await openSolver(folder, await resolveArchive(request, signal), 'amd64', signal)
    const asked = { suite: 'trixie', arch: 'amd64', include: ['help'], exclude: [] }
    const [found] = await solver.solve(asked, signal)
    assert.equal(found?.url, `${mirror}/pool/help_1_all.deb`)
    assert.match(readFileSync(join(folder, 'apt.conf'), 'utf8'), /geheim/)
    assert.equal(statSync(join(folder, 'apt.conf')).mode & 0o077, 0)
  })

  it('does not trust an archive that another key signed, not even with lists that it has', async (t) => {
    const { resolve, open } = await bench(t)
    const stranger = makeSigningKey(t)
    const foreign = await resolve(stranger.keyring)
    await expectCode('E-ARCHIVE-UNTRUSTED', () => open(foreign))
    await open(await resolve())
    await expectCode('E-ARCHIVE-UNTRUSTED', () => open(foreign))
  })

  it('can be opened by several at once', async (t) => {
    const { solve } = await bench(t)
    const found = await Promise.all(Array.from({ length: 6 }, () => solve(['editor'])))
    for (const each of found) assert.deepEqual(each, found[0])
  })

  it('loads unchanged lists only once', async (t) => {
    const { solve, asked } = await bench(t)
    for (const name of ['editor', 'help']) await solve([name])
    assert.equal(asked.filter((path) => path.endsWith('/Packages')).length, 1)
  })

  it('ends apt, too, when it is interrupted', { timeout: 20_000 }, async (t) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const suite = { suite: 'trixie', components: ['main'], uri: `http://127.0.0.1:${port}/` }
    const archive = { suites: [suite], keyring: { file: '/keys/a.gpg', digest: '' } }
    const controller = new AbortController()
    const opened = openSolver(temporaryFolder(t), archive, 'amd64', controller.signal)
    const [socket] = (await once(server, 'connection')) as [Socket]
    socket.on('error', () => {}).resume()
    const ended = once(socket, 'close')
    controller.abort()
    await expectCode('E-INTERRUPTED', () => opened)
    await ended
  })
})

describe('the stand-in for a maker of initramfs', () => {
  it('is a paragraph of a status file: installed, for all architectures', () => {
    assert.match(standIn, /^Package: kiln-initramfs\nStatus: install ok installed\n/)
    assert.match(standIn, /\nProvides: linux-initramfs-tool\n/)
    assert.doesNotMatch(standIn, /\n\n/)
  })
})

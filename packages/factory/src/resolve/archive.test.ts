import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { serve } from '../testkit/server.ts'
import { expectCode, temporaryFolder, withAptConfig } from '../testkit/testkit.ts'
import { type ArchiveRequest, resolveArchive } from './archive.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const inRelease = (date: string) =>
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSuite: stable\nDate: ${date}\n`
const releases: Readonly<Record<string, string>> = {
  '/debian/dists/trixie/InRelease': inRelease('Sat, 06 Sep 2025 10:00:00 UTC'),
  '/debian/dists/trixie-updates/InRelease': inRelease('Mon, 08 Sep 2025 12:30:00 UTC'),
}
const never = new AbortController().signal

function request(t: TestContext, mirror: string, change: Partial<ArchiveRequest> = {}): ArchiveRequest {
  const keyring = join(temporaryFolder(t), 'keyring.gpg')
  writeFileSync(keyring, 'keys')
  return { suite: 'trixie', components: ['main'], mirror, keyring, keyringPackage: 'some-keyring', ...change }
}

describe('resolving an archive', () => {
  for (const slash of ['', '/']) {
    it(`finds each suite of a mirror written as …/debian${slash}`, async (t) => {
      const { url, asked } = await serve(t, ({ path }) => releases[path] ?? 404)
      const wanted = request(t, `${url}/debian${slash}`)
      const archive = await resolveArchive(wanted, never)
      assert.deepEqual(asked.toSorted(), Object.keys(releases).toSorted())
      const uri = `${url}/debian/`
      const suite = (name: string) => ({ uri, suite: name, components: ['main'] })
      assert.deepEqual(archive, {
        suites: [suite('trixie'), suite('trixie-updates')],
        keyring: { file: wanted.keyring, digest: `sha256:${sha256('keys')}` },
      })
    })
  }

  it('asks again when a mirror is in trouble', async (t) => {
    let troubles = 2
    const { url } = await serve(t, ({ path }) => (troubles-- > 0 ? 503 : (releases[path] ?? 404)))
    const { suites } = await resolveArchive(request(t, `${url}/debian/`), never)
    assert.equal(suites.length, 2)
  })

  const refusals: readonly (readonly [what: string, answer: string | number, message: RegExp])[] = [
    ['does not have the suite', 404, /404/],
    ['is in trouble and stays so', 500, /500/],
    ['answers with a web page', '<html>Welcome! Date: never</html>', /does not answer as a Debian archive/],
    ['answers with an unreadable date', inRelease('some time ago'), /does not answer as a Debian archive/],
    ['answers with nothing', '', /does not answer as a Debian archive/],
  ]
  for (const [what, answer, message] of refusals) {
    it(`fails if the mirror ${what}`, async (t) => {
      const { url } = await serve(t, () => answer)
      const error = await expectCode('E-MIRROR-UNREACHABLE', () => resolveArchive(request(t, url), never))
      assert.match(error.message, message)
      assert.ok(error.message.includes(url), 'the message names the mirror')
      assert.match(error.hint ?? '', /mirror/)
    })
  }

  it('does not ask again for what a mirror does not have', async (t) => {
    const { url, asked } = await serve(t, () => 404)
    await expectCode('E-MIRROR-UNREACHABLE', () => resolveArchive(request(t, url), never))
    assert.equal(new Set(asked).size, asked.length)
  })

  it('fails if nobody listens', async (t) => {
    const { url, close } = await serve(t, () => 404)
    await close()
    const error = await expectCode('E-MIRROR-UNREACHABLE', () => resolveArchive(request(t, url), never))
    assert.match(error.message, /: 127\.0\.0\.1:\d+ refuses connections$/)
    assert.match(error.hint ?? '', /http_proxy/)
  })

  it('asks over the proxy of apt', async (t) => {
    const { url, asked } = await serve(
      t,
      ({ path }) => releases[path.replace('http://mirror.invalid', '')] ?? 404,
    )
    withAptConfig(t, `Acquire::http::Proxy "${url}";`)
    const { suites } = await resolveArchive(request(t, 'http://mirror.invalid/debian'), never)
    assert.deepEqual(
      suites.map(({ uri }) => uri),
      ['http://mirror.invalid/debian/', 'http://mirror.invalid/debian/'],
    )
    assert.equal(asked.length, 2)
  })

  it('fails without a keyring, before it asks anybody', async (t) => {
    const { url, asked } = await serve(t, ({ path }) => releases[path] ?? 404)
    const keyring = join(temporaryFolder(t), 'missing.gpg')
    const wanted = request(t, `${url}/debian/`, { keyring })
    const error = await expectCode('E-KEYRING-MISSING', () => resolveArchive(wanted, never))
    assert.ok(error.message.includes(keyring))
    assert.match(error.hint ?? '', /apt-get install some-keyring/)
    assert.deepEqual(asked, [])
  })

  it('stops when it is interrupted, and does not ask again', async (t) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { url, asked } = await serve(t, () => {
      controller.abort(reason)
      return undefined
    })
    await assert.rejects(resolveArchive(request(t, url), controller.signal), reason)
    assert.equal(new Set(asked).size, asked.length)
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { serve } from '../testkit/server.ts'
import { plant, temporaryFolder, withAptConfig, withEnvironment } from '../testkit/testkit.ts'
import { failureOf, httpGet } from './http.ts'

const never = new AbortController().signal
const read = async (url: string) => {
  const answer = await httpGet(url, never)
  return [answer.statusCode, await text(answer)]
}

/** Why a request fails, in words. */
async function failing(url: string, signal = never) {
  const cause = await httpGet(url, signal).then(
    () => assert.fail('it works'),
    (error: unknown) => error,
  )
  return failureOf(url, cause)
}

describe('a request', () => {
  it('brings whatever the server answers', async (t) => {
    const { url } = await serve(t, ({ path }) => (path === '/a' ? 'content' : 404))
    assert.deepEqual(await read(`${url}/a`), [200, 'content'])
    assert.deepEqual(await read(`${url}/b`), [404, ''])
  })

  it('follows redirects, but not for ever', async (t) => {
    const { url, asked } = await serve(t, ({ path }) =>
      path === '/end' ? 'here' : { location: path === '/once' ? '/end' : '/circle' },
    )
    assert.deepEqual(await read(`${url}/once`), [200, 'here'])
    asked.length = 0
    assert.match((await failing(`${url}/circle`)).reason, /too many redirects/)
    assert.equal(asked.length, 6)
  })

  it('ends when it is interrupted', { timeout: 20_000 }, async (t) => {
    const controller = new AbortController()
    const { url } = await serve(t, () => {
      controller.abort()
      return undefined
    })
    await assert.rejects(httpGet(url, controller.signal))
    await assert.rejects(httpGet(url, controller.signal))
  })

  it('of nobody names the host and what to do', async (t) => {
    const { url, close } = await serve(t, () => 404)
    await close()
    const { reason, hint } = await failing(url)
    assert.equal(reason, `${new URL(url).host} refuses connections`)
    assert.match(hint, /http_proxy/)
  })

  it('of a name that does not exist says so', async () => {
    assert.match(
      (await failing('http://mirror.invalid/x')).reason,
      /^(the name of|no name server).* mirror\.invalid/,
    )
  })

  it('does not trust a certificate that nobody has signed', async (t) => {
    const folder = temporaryFolder(t)
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      ...name,
    ])
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) =>
      answer.end('x'),
    )
    t.after(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { reason, hint } = await failing(`https://127.0.0.1:${port}/`)
    assert.match(reason, /^the certificate of 127\.0\.0\.1:\d+ is not trusted: self[- ]signed/)
    assert.match(hint, /ca-certificates/)
  })
})

describe('the proxy of a request', () => {
  /** A proxy that answers by itself. */
  const proxy = (t: TestContext) => serve(t, ({ path }) => `over the proxy: ${path}`)
  const target = 'http://mirror.invalid/x'

  it("is the one that this machine's apt takes", async (t) => {
    const { url, asked } = await proxy(t)
    withAptConfig(t, `Acquire::http::Proxy "${url}";`)
    assert.deepEqual(await read(target), [200, `over the proxy: ${target}`])
    assert.deepEqual(asked, [target])
  })

  it('is found by the program that apt would ask', async (t) => {
    const { url } = await proxy(t)
    const folder = temporaryFolder(t)
    plant(folder, { finder: { program: `#!/bin/sh\n[ "$1" = http://mirror.invalid/ ] && echo ${url}\n` } })
    withAptConfig(t, `Acquire::http::Proxy-Auto-Detect "${join(folder, 'finder')}";`)
    assert.deepEqual(await read(target), [200, `over the proxy: ${target}`])
  })

  it('is that of the environment, where apt has none', async (t) => {
    const { url } = await proxy(t)
    withEnvironment(t, { http_proxy: url })
    assert.deepEqual(await read(target), [200, `over the proxy: ${target}`])
  })

  it('is none for what apt reaches directly', async (t) => {
    const direct = await serve(t, () => 'direct')
    const { url, asked } = await proxy(t)
    withAptConfig(t, `Acquire::http::Proxy "${url}";`, 'Acquire::http::Proxy::127.0.0.1 "DIRECT";')
    assert.deepEqual(await read(direct.url), [200, 'direct'])
    assert.deepEqual(asked, [])
  })

  it('that is not there is named', async (t) => {
    const { url, close } = await proxy(t)
    await close()
    withAptConfig(t, `Acquire::http::Proxy "${url.replace('http://', 'http://me:geheim@')}";`)
    const { reason, hint } = await failing(target)
    assert.equal(reason, `the proxy ${new URL(url).host} refuses connections`)
    assert.match(hint, /apt\.conf/)
  })

  it('that is of another kind is told', async (t) => {
    withAptConfig(t, 'Acquire::http::Proxy "socks5h://127.0.0.1:1080";')
    assert.match((await failing(target)).reason, /only http and https proxies/)
  })
})

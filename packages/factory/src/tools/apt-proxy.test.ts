import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseProxy, parseProxies, proxyLines } from './apt-proxy.ts'

const dump = `Acquire::http
Acquire::http::Proxy http://all.test:3142/
Acquire::http::Proxy::Near.Test DIRECT
Acquire::http::Proxy::far.test http://far.test:1
Acquire::http::Timeout 7
Acquire::https::Proxy::tls.test false
Acquire::ftp::Proxy ftp://other.test
Acquire::http::Proxy-Auto-Detect /usr/bin/finder
Acquire::Retries 3
`

describe("the proxies of the machine's apt", () => {
  it('are all that it says of them, and nothing else', () => {
    assert.deepEqual(proxyLines(parseProxies(dump)), [
      'Acquire::http::proxy "http://all.test:3142/";',
      'Acquire::http::proxy::near.test "DIRECT";',
      'Acquire::http::proxy::far.test "http://far.test:1";',
      'Acquire::https::proxy::tls.test "false";',
      'Acquire::http::proxy-auto-detect "/usr/bin/finder";',
    ])
  })

  it('are none, where nothing is said', () => assert.deepEqual(proxyLines(parseProxies('')), []))
})

describe('the proxy for an address', () => {
  const fromApt = parseProxies(dump)
  const none = parseProxies('')
  const tls = parseProxies('Acquire::http::Proxy http://plain.test\nAcquire::https::Proxy http://tls.test')
  type Env = Readonly<Record<string, string>>
  const env: Env = { http_proxy: 'http://env.test:8', https_proxy: 'http://tls-env.test:8' }
  type Case = readonly [
    what: string,
    url: string,
    apt: ReturnType<typeof parseProxies>,
    env: Env,
    proxy: string | undefined,
    detected?: string,
  ]
  const cases: readonly Case[] = [
    ['is none without any setting', 'http://a.test/', none, {}, undefined],
    ['is that of the environment', 'http://a.test/', none, env, 'http://env.test:8'],
    ['is another one for https', 'https://a.test/', none, env, 'http://tls-env.test:8'],
    ['may stand in capitals', 'http://a.test/', none, { HTTP_PROXY: 'http://b' }, 'http://b'],
    ['may lack its scheme', 'http://a.test/', none, { http_proxy: 'b:1' }, 'http://b:1'],
    ['is rather that of apt', 'http://a.test/', fromApt, env, 'http://all.test:3142/'],
    [
      'is for https that of http, where nothing else is said',
      'https://a.test/',
      fromApt,
      {},
      'http://all.test:3142/',
    ],
    ['is for https its own', 'https://a.test/', tls, {}, 'http://tls.test'],
    ['is none for a host that is reached directly', 'http://near.test:80/', fromApt, env, undefined],
    ['is that of the host', 'http://FAR.test/', fromApt, env, 'http://far.test:1'],
    ['is none where "false" says so', 'https://tls.test/', fromApt, {}, undefined],
    [
      'is rather what was found than that for all',
      'http://a.test/',
      fromApt,
      env,
      'http://found',
      'http://found',
    ],
    [
      'is rather that of the host than what was found',
      'http://far.test/',
      fromApt,
      env,
      'http://far.test:1',
      'x://y',
    ],
    ['is none where nothing is to be found', 'http://a.test/', fromApt, env, undefined, 'DIRECT'],
    ['is none for an exception', 'http://a.test/', none, { ...env, no_proxy: 'b.test, a.test' }, undefined],
    ['is none below an exception', 'http://x.a.test/', none, { ...env, no_proxy: '.a.test' }, undefined],
    [
      'is one beside an exception',
      'http://xa.test/',
      none,
      { ...env, no_proxy: 'a.test' },
      'http://env.test:8',
    ],
    ['is none where all are exceptions', 'http://a.test/', fromApt, { no_proxy: '*' }, undefined],
  ]
  for (const [what, url, apt, environment, proxy, detected] of cases) {
    it(what, () => assert.equal(chooseProxy(new URL(url), apt, environment, detected), proxy))
  }
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkFailure } from './network-failure.ts'

const failure = (code: string, message = `something about ${code}`) =>
  Object.assign(new Error(message), { code })
const url = new URL('https://mirror.test/debian/x.deb')

describe('a failure of the network', () => {
  const cases: readonly (readonly [what: string, cause: unknown, reason: RegExp, hint: RegExp])[] = [
    [
      'a name that is not known',
      failure('ENOTFOUND'),
      /^the name of mirror\.test is not known to DNS$/,
      /spelling of "mirror"/,
    ],
    ['no name server', failure('EAI_AGAIN'), /^no name server answers for mirror\.test$/, /resolv\.conf/],
    ['nobody who listens', failure('ECONNREFUSED'), /^mirror\.test refuses connections$/, /listens/],
    ['no network', failure('ENETUNREACH'), /^no network leads to mirror\.test$/, /network/],
    ['no route', failure('EHOSTUNREACH'), /^no route leads to mirror\.test$/, /network/],
    ['a connection that takes too long', failure('ETIMEDOUT'), /^mirror\.test does not answer/, /firewall/],
    ['an answer that takes too long', failure('ABORT_ERR'), /^mirror\.test does not answer/, /firewall/],
    ['a time limit', new DOMException('late', 'TimeoutError'), /^mirror\.test does not answer/, /firewall/],
    ['a break', failure('ECONNRESET'), /^mirror\.test broke the connection off$/, /network/],
    [
      'a certificate that is too old',
      failure('CERT_HAS_EXPIRED', 'certificate has expired'),
      /^the certificate of mirror\.test is not trusted: certificate has expired$/,
      /clock.*ca-certificates/,
    ],
    [
      'a certificate of nobody',
      failure('DEPTH_ZERO_SELF_SIGNED_CERT'),
      /certificate .* not trusted/,
      /authority/,
    ],
    [
      'a certificate for another',
      failure('ERR_TLS_CERT_ALTNAME_INVALID'),
      /certificate .* not trusted/,
      /authority/,
    ],
    [
      'no TLS',
      failure('EPROTO', 'wrong version number'),
      /does not speak TLS: wrong version number$/,
      /http or https/,
    ],
    ['several addresses', new AggregateError([failure('ECONNREFUSED'), failure('x')]), /refuses/, /listens/],
    ['an error within another', new Error('outer', { cause: failure('ENOTFOUND') }), /DNS/, /resolv/],
    ['anything else', new Error('it answers 503 Busy'), /^it answers 503 Busy$/, /"mirror"/],
    ['something without words', new Error(''), /./, /"mirror"/],
  ]
  for (const [what, cause, reason, hint] of cases) {
    it(`is told in words: ${what}`, () => {
      const told = networkFailure(cause, url, undefined)
      assert.match(told.reason, reason)
      assert.match(told.hint, hint)
      assert.match(told.hint, /set http_proxy and https_proxy, or Acquire::http::Proxy/)
    })
  }

  it('names the port where it is not the usual one', () => {
    const { reason } = networkFailure(failure('ECONNREFUSED'), new URL('http://mirror.test:8080/'), undefined)
    assert.equal(reason, 'mirror.test:8080 refuses connections')
  })

  it('names the proxy, where one is in between, and not its password', () => {
    const told = networkFailure(failure('ECONNREFUSED'), url, 'http://me:geheim@proxy.test:3128')
    assert.equal(told.reason, 'the proxy proxy.test:3128 refuses connections')
    assert.match(told.hint, /Acquire::http::Proxy in apt\.conf, or from http_proxy and https_proxy; no_proxy/)
    const unknown = networkFailure(failure('ENOTFOUND'), url, 'http://me:geheim@proxy.test:3128')
    assert.doesNotMatch(JSON.stringify([told, unknown]), /geheim/)
    assert.match(unknown.hint, /settings of the proxy/)
  })
})

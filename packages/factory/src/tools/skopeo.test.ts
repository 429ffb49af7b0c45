import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ErrorCode } from '@kiln/contract'
import {
  copyArguments,
  explainSkopeo,
  inspectArguments,
  pullArguments,
  pushArguments,
  redactAddresses,
} from './skopeo.ts'

const access = { authFile: '/run/auth.json', certFolder: '/run/certs', allowInsecure: false }
const options = { source: 'docker://a/b:c', arch: 'arm64', access, temporary: '/tmp' }

describe('skopeo', () => {
  it('is told of TLS in any case, and of credentials by file only', () => {
    const words = inspectArguments('manifest', options)
    assert.ok(words.includes('--tls-verify=true'))
    assert.equal(words[words.indexOf('--authfile') + 1], '/run/auth.json')
    assert.ok(copyArguments(options, '/out').includes('--src-tls-verify=true'))
    const insecure = { ...options, access: { allowInsecure: true } }
    assert.ok(copyArguments(insecure, '/out').includes('--src-tls-verify=false'))
  })

  it('pushes and pulls without changing a byte', () => {
    const pushed = pushArguments({ ...options, source: 'oci:/x:tag' }, 'docker://a/b:c', '/run/digest').join(
      ' ',
    )
    assert.match(pushed, / copy --all --preserve-digests --digestfile=\/run\/digest /)
    assert.match(
      pushed,
      / --dest-tls-verify=true --dest-authfile \/run\/auth\.json .* oci:\/x:tag docker:\/\/a\/b:c$/,
    )
    const pulled = pullArguments(options, '/out').join(' ')
    assert.match(pulled, / copy --preserve-digests .*--src-tls-verify=true .* docker:\/\/a\/b:c dir:\/out$/)
    assert.doesNotMatch(pulled, /decompress/)
  })

  it('is told of neither where it reads files', () => {
    const words = copyArguments({ ...options, source: 'oci:/x' }, '/out').join(' ')
    assert.doesNotMatch(words, /tls|authfile|cert-dir/)
    assert.match(words, /--override-arch arm64 .* oci:\/x dir:\/out$/)
  })
})

describe('what skopeo says', () => {
  const cases: readonly (readonly [text: string, code: ErrorCode, network?: false])[] = [
    ['reading manifest v9 in h/os: manifest unknown', 'E-BASE-MISSING'],
    ['unauthorized: authentication required', 'E-REGISTRY-DENIED'],
    ['denied: requested access to the resource is denied', 'E-REGISTRY-DENIED'],
    ['http: server gave HTTP response to HTTPS client', 'E-REGISTRY-INSECURE'],
    [
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
      'E-REGISTRY-INSECURE',
    ],
    ['dial tcp 127.0.0.1:9: connect: connection refused', 'E-REGISTRY-UNREACHABLE'],
    ['toomanyrequests: You have reached your pull rate limit', 'E-REGISTRY-UNREACHABLE'],
    ["Digest of source image's manifest would change during conversion", 'E-BASE-CHANGED'],
    ['loading tar component "manifest.json": unexpected EOF', 'E-BASE-UNKNOWN', false],
    ['something else', 'E-BASE-UNKNOWN'],
  ]
  for (const [text, code, network = true] of cases) {
    it(`${text} is ${code}`, () => {
      const line = `time="2026" level=fatal msg="${text.replaceAll('"', '\\"')}"`
      assert.equal(explainSkopeo(line, 'h/os', network).code, code)
    })
  }

  it('loses names, passwords and signatures of addresses', () => {
    const text = 'Get "https://me:geheim@h/v2/?X-Signature=geheim": proxyconnect http://a:geheim@p:1'
    const shown = redactAddresses(text)
    assert.doesNotMatch(shown, /geheim/)
    assert.match(shown, /@h\/v2\/\?…": proxyconnect .*@p:1$/)
    assert.doesNotMatch(
      `${explainSkopeo(text, 'x', true).message}${explainSkopeo(text, 'x', true).output}`,
      /geheim/,
    )
  })
})

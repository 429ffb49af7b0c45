import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { failureOf } from './curl.ts'
import { curlConfig, headersOf, parseOutcome } from './curl-config.ts'

const usual = {
  url: 'https://example.org/v2/',
  output: '/run/body',
  headerFile: '/run/headers',
  patience: { connect: 15, stall: 30 },
}

test('a request: nothing but https, no endless waiting', () => {
  assert.deepEqual(curlConfig(usual).split('\n'), [
    'url = "https://example.org/v2/"',
    'globoff',
    'silent',
    'show-error',
    'location',
    'max-redirs = "5"',
    'proto = "=https"',
    'proto-redir = "=https"',
    'connect-timeout = "15"',
    'speed-limit = "1"',
    'speed-time = "30"',
    'user-agent = "kiln-agent"',
    'dump-header = "/run/headers"',
    'output = "/run/body"',
    'write-out = "%{http_code} %{size_download} %{remote_ip}"',
  ])
})

describe('what a request can have beside that', () => {
  for (const [change, line] of [
    [{ plainHttp: true }, 'proto = "=http,https"'],
    [{ failOnError: true }, 'fail'],
    [{ resumeAt: 7 }, 'continue-at = "7"'],
    [{ largest: 9 }, 'max-filesize = "9"'],
    [{ authority: '/oem/ca.crt' }, 'cacert = "/oem/ca.crt"'],
    [{ headers: ['Accept: a, b'] }, 'header = "Accept: a, b"'],
    [{ user: { name: 'u', password: 'p"w\\x' } }, 'user = "u:p\\"w\\\\x"'],
    [{ method: 'PUT' }, 'request = "PUT"'],
    [{ body: '<a b="c"/>' }, 'data-raw = "<a b=\\"c\\"/>"'],
    [{ direct: true }, 'noproxy = "*"'],
    [{ localPort: '1-1023' }, 'local-port = "1-1023"'],
    [{ seconds: 3 }, 'max-time = "3"'],
    [{ form: { scope: 'repository:a:pull' } }, 'data-urlencode = "scope=repository:a:pull"'],
  ] as const) {
    test(line, () =>
      assert.ok(
        curlConfig({ ...usual, ...change })
          .split('\n')
          .includes(line),
      ),
    )
  }

  test('a form goes into the address, or with post into the body', () => {
    assert.ok(curlConfig({ ...usual, form: { a: 'b' } }).includes('\nget\n'))
    assert.ok(!curlConfig({ ...usual, form: { a: 'b' }, post: true }).includes('\nget\n'))
  })

  test('redirects can be left alone', () => {
    assert.doesNotMatch(curlConfig({ ...usual, follow: false }), /^(location|max-redirs)/m)
  })

  test('a file that is empty is not continued', () => {
    assert.ok(!curlConfig({ ...usual, resumeAt: 0 }).includes('continue-at'))
  })

  for (const bad of ['a\nheader = "x"', 'a\rb', 'a\0b']) {
    test(`${JSON.stringify(bad)} is refused`, () => {
      assert.throws(() => curlConfig({ ...usual, headers: [bad] }), RangeError)
    })
  }
})

test('headers are those of the last answer, after redirects', () => {
  const dump =
    'HTTP/1.1 307 Temporary Redirect\r\nLocation: x\r\nLink: <a>\r\n\r\n' +
    'HTTP/2 200\r\nlink: <b>; rel="next"\r\nLINK:<c>\r\nContent-Length: 3\r\n\r\n'
  assert.deepEqual(headersOf(dump, 'Link'), ['<b>; rel="next"', '<c>'])
  assert.deepEqual(headersOf(dump, 'location'), [])
  assert.deepEqual(headersOf('', 'link'), [])
})

describe('outcomes', () => {
  for (const [stdout, expected] of [
    ['200 17', { status: 200, bytes: 17 }],
    ['000 0', { status: 0, bytes: 0 }],
    ['000 0 ', { status: 0, bytes: 0 }],
    ['302 0 127.0.0.1', { status: 302, bytes: 0, address: '127.0.0.1' }],
    ['200 5 fd00:ec2::254', { status: 200, bytes: 5, address: 'fd00:ec2::254' }],
    ['', { status: 0, bytes: 0 }],
  ] as const) {
    test(JSON.stringify(stdout), () => assert.deepEqual(parseOutcome(stdout), expected))
  }
})

describe('failures', () => {
  for (const [code, status, stderr, expected] of [
    [6, 0, 'curl: (6) Could not resolve host: x', ['unreachable', true, false]],
    [7, 0, 'curl: (7) Failed to connect to x port 1', ['unreachable', true, false]],
    [18, 200, 'curl: (18) transfer closed', ['truncated', true, false]],
    [22, 404, 'curl: (22) The requested URL returned error: 404', ['unreachable', false, false]],
    [22, 503, 'curl: (22) The requested URL returned error: 503', ['unreachable', true, false]],
    [22, 416, 'curl: (22) The requested URL returned error: 416', ['unreachable', false, true]],
    [23, 200, 'curl: (23) Failed writing body', ['no-space', false, false]],
    [28, 0, 'curl: (28) Operation too slow', ['unreachable', true, false]],
    [33, 200, "curl: (33) HTTP server doesn't seem to support byte ranges", ['truncated', true, true]],
    [35, 0, 'curl: (35) error:0A00010B:SSL routines::wrong version number', ['insecure', false, false]],
    [35, 0, 'curl: (35) Recv failure: Connection reset by peer', ['unreachable', true, false]],
    [60, 0, 'curl: (60) SSL certificate problem: self-signed certificate', ['untrusted', false, false]],
    [63, 200, 'curl: (63) Maximum file size exceeded', ['digest-mismatch', false, false]],
    [137, 0, '', ['unreachable', true, false]],
  ] as const) {
    test(stderr || `exit code ${code}`, () => {
      const { reason, passing, cannotResume } = failureOf(code, status, stderr)
      assert.deepEqual([reason, passing, cannotResume], expected)
    })
  }

  test('an address in a message loses what may be secret', () => {
    const { detail } = failureOf(7, 0, 'curl: (7) Failed: https://u:p@x/y?X-Signature=geheim port 443')
    assert.equal(detail, 'Failed: https://x/y?… port 443')
  })

  test('the hints that curl adds are left out', () => {
    const stderr =
      'curl: (60) SSL problem\nMore details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify'
    assert.equal(failureOf(60, 0, stderr).detail, 'SSL problem')
  })
})

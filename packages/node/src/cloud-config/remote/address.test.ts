import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isNear, parseAddress, redirectTarget, shown } from './address.ts'

const pin = 'ab'.repeat(32)

describe('addresses', () => {
  for (const [text, url, authority, digest] of [
    ['https://example.org/a.yaml', 'https://example.org/a.yaml', 'example.org:443', undefined],
    ['HTTP://Example.ORG', 'http://Example.ORG/', 'example.org:80', undefined],
    [
      'http://u:p@x.example.:8080/?a=b&c=%20',
      'http://u:p@x.example.:8080/?a=b&c=%20',
      'x.example:8080',
      undefined,
    ],
    ['https://x/?token=abc=def', 'https://x/?token=abc=def', 'x:443', undefined],
    [
      'https://[2001:db8::1]:8443/a[1].yaml',
      'https://[2001:db8::1]:8443/a[1].yaml',
      '[2001:db8::1]:8443',
      undefined,
    ],
    [`https://x/a.yaml#sha256=${pin}`, 'https://x/a.yaml', 'x:443', `sha256:${pin}`],
  ] as const) {
    test(text, () => {
      const address = parseAddress(text)
      assert.ok(typeof address !== 'string', String(address))
      assert.deepEqual([address.url, address.authority, address.digest], [url, authority, digest])
    })
  }

  for (const [text, reason] of [
    ['', /does not begin/],
    ['example.org/a.yaml', /does not begin/],
    ['file:///etc/shadow', /does not begin/],
    ['ftp://x/', /does not begin/],
    ['javascript:alert(1)', /does not begin/],
    ['https:///a', /no host/],
    ['https://a b/', /blanks/],
    ['https://a\\@b/', /backslashes/],
    ['https://a\n/', /blanks/],
    ['https://a/ö', /escaped/],
    ['https://127.0.0.%31/', /plainly/],
    ['https://good@evil@x/', /no host/],
    ['https://x:0/', /port 0/],
    ['https://x:99999/', /port 99999/],
    ['https://x:1:2/', /no host/],
    ['https://x/#frag', /no pin/],
    [`https://x/#sha256=${pin.slice(1)}`, /no pin/],
    [`https://x/#sha256=${pin.toUpperCase()}`, /no pin/],
    [`https://x/${'a'.repeat(5000)}`, /too long/],
  ] as const) {
    test(JSON.stringify(text.slice(0, 40)), () => {
      const address = parseAddress(text)
      assert.ok(typeof address === 'string')
      assert.match(address, reason)
    })
  }

  test('no text breaks the reader, and what is read keeps its meaning', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'http',
        's',
        '://',
        '@',
        ':',
        '[',
        ']',
        '/',
        '?',
        '#',
        '\\',
        '%',
        '.',
        '127.0.0.1',
        '::1',
      ),
      fc.string({ maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const address = parseAddress(pieces.join(''))
        if (typeof address === 'string') return
        assert.deepEqual(parseAddress(address.url), { ...address, digest: undefined })
        // As the browsers' own rules read it, where they read it at all.
        if (!URL.canParse(address.url)) return
        const url = new URL(address.url)
        if (isNear(url.hostname.replace(/^\[|\]$/g, ''))) assert.ok(isNear(address.host), address.url)
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('redirects', () => {
  const from = parseAddress('https://x.example/dir/a.yaml?q=1')
  assert.ok(typeof from !== 'string')
  for (const [location, expected] of [
    ['https://y/b', 'https://y/b'],
    ['//y/b', 'https://y/b'],
    ['/b', 'https://x.example/b'],
    ['b.yaml', 'https://x.example/dir/b.yaml'],
    ['?q=2', 'https://x.example/dir/a.yaml?q=2'],
    ['/b#c', 'https://x.example/b'],
    ['http://127.0.0.1:80/', 'http://127.0.0.1:80/'],
  ] as const) {
    test(location, () => {
      const target = redirectTarget(from, location)
      assert.equal(typeof target === 'string' ? target : target.url, expected)
    })
  }

  for (const location of ['file:///etc/passwd', 'FILE:/etc/passwd', 'gopher://x', 'data:,x', 'a b']) {
    test(location, () => assert.equal(typeof redirectTarget(from, location), 'string'))
  }
})

describe('what is near', () => {
  for (const host of [
    ...['localhost', 'LOCALHOST', 'a.localhost', 'ip6-localhost', '127.0.0.1', '127.8.9.1', '0.0.0.0'],
    ...['127.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '127.0.0.01', '0'],
    ...['169.254.169.254', '168.63.129.16', 'metadata.google.internal'],
    ...['::1', '::', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1'],
    ...['fe80::1', 'febf::1', 'fd00:ec2::254'],
  ]) {
    test(host, () => assert.ok(isNear(host)))
  }
  for (const host of [
    ...['example.org', 'localhost.example.org', '10.0.0.1', '192.168.1.1', '172.16.0.1', '128.0.0.1'],
    ...['169.253.1.1', '2001:db8::1', 'fd12:3456::1', 'fec0::1', '100.64.0.1', 'node-1', '3com.com'],
  ]) {
    test(`not ${host}`, () => assert.ok(!isNear(host)))
  }
})

test('what is shown has no secrets', () => {
  assert.equal(shown('https://user:pass@x.example/a.yaml?token=abc'), 'https://x.example/a.yaml?…')
  assert.equal(shown('https://x.example/a.yaml'), 'https://x.example/a.yaml')
})

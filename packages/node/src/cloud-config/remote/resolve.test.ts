import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { configUrlOf } from './config-url.ts'
import { expandRemote, type Fetched, type Resolver, remoteLimits, resolveRemote } from './resolve.ts'
import { queryEscape, renderUrl } from './url-template.ts'

const header = '#cloud-config\n'
const leadsTo = (url: string) => `${header}config_url: ${url}\n`

function resolver(pages: Readonly<Record<string, string | Fetched>>, more: Partial<Resolver> = {}) {
  const asked: string[] = []
  const fetch: Resolver['fetch'] = ({ url }) => {
    asked.push(url)
    const page = pages[url]
    if (page === undefined) return { ok: false, reason: 'unreachable', detail: 'the server answers 404' }
    return typeof page === 'string' ? { ok: true, text: page } : page
  }
  const render = (text: string) => text
  return { asked, resolver: { render, facts: () => ({}), fetch, ...more } satisfies Resolver }
}

const resolve = (url: string, pages: Readonly<Record<string, string | Fetched>>) =>
  resolveRemote({ name: 'local.yaml', url }, resolver(pages).resolver)

describe('chains', () => {
  test('one leads to the next, in the order in which they act', () => {
    const { texts, problems } = resolve('http://s/1', {
      'http://s/1': leadsTo('http://s/2'),
      'http://s/2': header,
    })
    assert.deepEqual(
      texts.map(({ name }) => name),
      ['http://s/1', 'http://s/2'],
    )
    assert.deepEqual(problems, [])
  })

  for (const [title, pages, reason, count] of [
    ['itself', { 'http://s/1': leadsTo('http://s/1') }, 'cycle', 1],
    ['a circle', { 'http://s/1': leadsTo('http://s/2'), 'http://s/2': leadsTo('http://s/1') }, 'cycle', 2],
    ['a dead end', { 'http://s/1': leadsTo('http://s/2') }, 'unreachable', 1],
    ['no header', { 'http://s/1': 'a: 1\n' }, 'no-header', 0],
    ['a page to log in', { 'http://s/1': '<html>log in</html>' }, 'no-header', 0],
    ['a file', { 'http://s/1': leadsTo('file:///etc/shadow') }, 'bad-address', 1],
    ['a path', { 'http://s/1': leadsTo('/oem/secret.yaml') }, 'bad-address', 1],
  ] as const) {
    test(`that end at ${title}`, () => {
      const { texts, problems } = resolve('http://s/1', pages)
      assert.deepEqual([texts.length, problems[0]?.reason], [count, reason])
    })
  }

  test('a chain without end is cut off', () => {
    const endless: Resolver['fetch'] = ({ url }) => ({ ok: true, text: leadsTo(`${url}x`) })
    const { resolver: base } = resolver({})
    const { texts, problems } = resolveRemote({ name: 'a', url: 'http://s/' }, { ...base, fetch: endless })
    assert.equal(texts.length, remoteLimits.depth)
    assert.equal(problems[0]?.reason, 'too-deep')
  })

  test('all of a chain together has a limit', () => {
    const large: Resolver['fetch'] = ({ url }, { bytes }) =>
      bytes < 200
        ? { ok: false, reason: 'too-large', detail: '' }
        : { ok: true, text: `${leadsTo(`${url}x`)}#${'x'.repeat(bytes - 100)}` }
    const { resolver: base } = resolver({})
    const limits = { ...remoteLimits, bytes: 1000, allBytes: 2500 } as unknown as typeof remoteLimits
    const { texts } = resolveRemote({ name: 'a', url: 'http://s/' }, { ...base, fetch: large }, limits)
    assert.ok(texts.reduce((sum, { text }) => sum + text.length, 0) <= 2500)
  })

  test('the server that the owner named stays the trusted one', () => {
    const trusted: string[] = []
    const { resolver: base } = resolver({})
    const fetch: Resolver['fetch'] = ({ url }, rules) => {
      trusted.push(rules.trusted)
      return { ok: true, text: url === 'http://127.0.0.1/1' ? leadsTo('http://s/2') : header }
    }
    resolveRemote({ name: 'a', url: 'http://127.0.0.1/1' }, { ...base, fetch })
    assert.deepEqual(trusted, ['127.0.0.1:80', '127.0.0.1:80'])
  })

  test('a copy is told, with why it was needed', () => {
    const copy = { at: '2026-01-01T00:00:00.000Z', reason: 'unreachable', detail: 'x' } as const
    const { texts } = resolve('http://s/1', { 'http://s/1': { ok: true, text: header, copy } })
    assert.deepEqual(texts[0]?.copy, copy)
  })
})

test('each source is followed by what it leads to', () => {
  const pages = {
    'http://s/3': leadsTo('http://s/4'),
    'http://s/4': header,
    'http://s/5': leadsTo('http://s/6'),
    'http://s/6': header,
    'http://s/1': leadsTo('http://s/2'),
    'http://s/2': header,
  }
  const sources = [
    { name: 'local1', url: 'http://s/3' },
    { name: 'local2', url: 'http://s/5' },
    { name: 'local3', url: undefined },
    { name: 'cmdline', url: 'http://s/1' },
  ]
  const { sources: all } = expandRemote(sources, ({ url }) => url, resolver(pages).resolver)
  assert.deepEqual(
    all.map(({ name }) => name.replace('http://s/', 'r')),
    ['local1', 'r3', 'r4', 'local2', 'r5', 'r6', 'local3', 'cmdline', 'r1', 'r2'],
  )
})

describe('templates in addresses', () => {
  const facts = () => ({
    product: { uuid: 'abc-123', serial: 'AB CD+EF' },
    network: [{ name: 'a&b' }],
    memory: { size: 7 },
  })
  /** Says what it was given. */
  const spy = (text: string, values: object) => `${text} ${JSON.stringify(values)}`

  test('values are escaped as part of a query', () => {
    const text = renderUrl('{{x}}', spy, facts)
    assert.ok(text.includes('"serial":"AB+CD%2BEF"'))
    assert.ok(text.includes('"name":"a%26b"') && text.includes('"size":7'))
  })

  for (const [plain, escaped] of [
    ['AB CD+EF', 'AB+CD%2BEF'],
    ['abc-123_.~', 'abc-123_.~'],
    ["a!'()*b", 'a%21%27%28%29%2Ab'],
    ['ö', '%C3%B6'],
  ] as const) {
    test(`escape ${plain}`, () => assert.equal(queryEscape(plain), escaped))
  }

  test('a plain address asks for no facts', () => {
    const never = () => assert.fail('asked for facts')
    assert.equal(renderUrl('https://x/?a=b', spy, never), 'https://x/?a=b')
  })

  test('what cannot be filled in fetches nothing, and is no mere warning', () => {
    const { resolver: base, asked } = resolver({})
    const render = () => {
      throw new Error('execute: there is no nope')
    }
    const url = 'http://s/?a={{ .Values.nope }}'
    const { problems } = resolveRemote({ name: 'a', url }, { ...base, render })
    assert.deepEqual([problems[0]?.reason, problems[0]?.fatal, asked.length], ['template-failed', true, 0])
    assert.equal(problems[0]?.detail, 'rendering config_url: execute: there is no nope')
  })
})

describe('config_url in a text', () => {
  for (const [text, url] of [
    [`${header}config_url: https://x/a\n`, 'https://x/a'],
    [`${header}"config_url": "https://x/a"\n`, 'https://x/a'],
    [`${header}{"config_url": "https://x/a"}\n`, 'https://x/a'],
    [`${header}x-base: &b {config_url: https://x/a}\n<<: *b\n`, 'https://x/a'],
    [`${header}install:\n  config_url: https://x/a\n`, undefined],
    [`${header}# config_url: https://x/a\n`, undefined],
    [`${header}write_files:\n  - path: /a\n    content: |\n      config_url: https://x/a\n`, undefined],
    [`${header}config_url: ""\n`, undefined],
    [`${header}config_url: [a]\n`, undefined],
    [`${header}config_url: https://x/a\na: [\n`, undefined],
    ['', undefined],
  ] as const) {
    test(JSON.stringify(text.slice(14, 60)), () => assert.equal(configUrlOf(text), url))
  }

  test('no text breaks it', () => {
    const piece = fc.oneof(
      fc.constantFrom('config_url', ': ', '\n', '- ', '&a ', '*a', '<<: ', '{', '}', '"', '#'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        const url = configUrlOf(pieces.join(''))
        assert.ok(url === undefined || typeof url === 'string')
      }),
      { numRuns: 3000 },
    )
  })
})

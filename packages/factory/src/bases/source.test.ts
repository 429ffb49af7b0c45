import assert from 'node:assert/strict'
import { isAbsolute } from 'node:path'
import { describe, it } from 'node:test'
import { isKilnError } from '@kiln/contract'
import fc from 'fast-check'
import { expectCode } from '../testkit/testkit.ts'
import { type BaseSource, baseForms, parseBase } from './source.ts'

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('the text of a base', () => {
  const cases: readonly (readonly [text: string, source: BaseSource])[] = [
    ['debian:trixie', { kind: 'debian', suite: 'trixie' }],
    ['oci:alpine', { kind: 'oci', reference: 'alpine' }],
    ['oci:fedora:42', { kind: 'oci', reference: 'fedora:42' }],
    ['oci:example.org/os/base:v1', { kind: 'oci', reference: 'example.org/os/base:v1' }],
    ['oci:127.0.0.1:5000/base', { kind: 'oci', reference: '127.0.0.1:5000/base' }],
    ['oci:[::1]:5000/base:1', { kind: 'oci', reference: '[::1]:5000/base:1' }],
    [`oci:example.org/base@${digest}`, { kind: 'oci', reference: `example.org/base@${digest}` }],
    [`oci:example.org/base:1@${digest}`, { kind: 'oci', reference: `example.org/base:1@${digest}` }],
    ['oci-layout:image', { kind: 'oci-layout', folder: '/def/image', tag: undefined }],
    ['oci-layout:/a/image:v1.2', { kind: 'oci-layout', folder: '/a/image', tag: 'v1.2' }],
    ['oci-layout:a:b/image', { kind: 'oci-layout', folder: '/def/a:b/image', tag: undefined }],
    ['docker-archive:../x.tar', { kind: 'docker-archive', file: '/x.tar' }],
    ['dir:root', { kind: 'dir', folder: '/def/root' }],
    ['tar:/srv/root.tar.zst', { kind: 'tar', file: '/srv/root.tar.zst' }],
    [
      'containerfile:os/Containerfile',
      { kind: 'containerfile', file: '/def/os/Containerfile', folder: '/def/os' },
    ],
  ]
  for (const [text, source] of cases) {
    it(`is ${text}`, () => assert.deepEqual(parseBase(text, '/def'), source))
  }

  it('has a case for every kind', () => {
    const covered = new Set(cases.map(([, { kind }]) => kind))
    assert.deepEqual([...covered].toSorted(), Object.keys(baseForms).toSorted())
  })
})

describe('a base that cannot be read', () => {
  const cases: readonly (readonly [text: string, hint: RegExp])[] = [
    ['debain:trixie', /did you mean "debian:<suite>"\?/],
    ['OCI:alpine', /did you mean "oci:<reference>"\?/],
    ['docker-archiv:x.tar', /did you mean "docker-archive:<file>"\?/],
    ['Containerfile:x', /did you mean "containerfile:<file>"\?/],
    ['snap:core', /known: debian:<suite>, .*containerfile:<file>/],
    ['', /known: /],
    ['trixie', /known: /],
    ['debian', /write it as debian:<suite>/],
    ['debian:', /write it as debian:<suite>/],
    ['debian:Trixie', /write it as debian:<suite>/],
    ['oci:', /write it as oci:<reference>/],
    ['oci:example.org/UPPER', /write it as oci:<reference>/],
    ['oci:https://example.org/base', /without a scheme/],
    ['oci:--tls-verify=false', /write it as oci/],
    ['oci:base@sha256:abc', /write it as oci/],
    ['tar:', /write it as tar:<file>/],
    ['dir:a\0b', /write it as dir:<folder>/],
  ]
  for (const [text, hint] of cases) {
    it(`is "${text.replace('\0', '\\0')}"`, async () => {
      const error = await expectCode('E-BASE-UNKNOWN', () => parseBase(text, '/def'))
      assert.match(error.hint ?? '', hint)
    })
  }

  for (const text of ['oci:me:geheim@example.org/base', `oci:me:geheim@example.org/base@${digest}`]) {
    it('does not repeat credentials', async () => {
      const error = await expectCode('E-BASE-UNKNOWN', () => parseBase(text, '/def'))
      assert.doesNotMatch(`${error.message} ${error.hint}`, /geheim/)
    })
  }
})

describe('any text', () => {
  it('is either a base with absolute paths or E-BASE-UNKNOWN', () => {
    const word = fc.constantFrom(...Object.keys(baseForms), 'oci-', '')
    fc.assert(
      fc.property(fc.tuple(word, fc.string({ unit: 'binary' })), ([kind, rest]) => {
        try {
          const source = parseBase(`${kind}:${rest}`, '/def')
          assert.equal(source.kind, kind)
          for (const place of ['file', 'folder'] as const) {
            if (place in source) assert.ok(isAbsolute((source as Record<string, string>)[place] ?? ''))
          }
        } catch (error) {
          if (!isKilnError(error)) throw error
          assert.equal(error.code, 'E-BASE-UNKNOWN')
        }
      }),
    )
  })

  it('of a registry reference never looks like an option or holds blanks', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const source = parseBase(`oci:${text}`, '/')
          assert.match(source.kind === 'oci' ? source.reference : '', /^[A-Za-z0-9[][^\s]*$/)
        } catch (error) {
          if (!isKilnError(error)) throw error
        }
      }),
    )
  })
})

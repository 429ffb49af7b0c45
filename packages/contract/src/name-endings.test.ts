import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { endingText, fileEnding, fileEndings, tagEnding } from './name-endings.ts'

for (const [text, carrier, companions, what] of [
  ['a.iso', '.iso', [], 'iso image'],
  ['a.iso.sha256', '.iso', ['.sha256'], 'checksum of: iso image'],
  ['a.iso.sha256.sig', '.iso', ['.sha256', '.sig'], 'signature of: checksum of: iso image'],
  ['a.raw.sigstore.json', '.raw', ['.sigstore.json'], 'signature with its certificate of: raw image'],
  ['a-sbom.spdx.json', '', ['-sbom.spdx.json'], 'SBOM (SPDX)'],
  ['a-ipxe.iso', '-ipxe.iso', [], 'ISO that boots from the network'],
  ['a.efi.raw', '.efi.raw', [], 'raw-efi image'],
  ['a', '', [], undefined],
  ['a.iso.foo', '', [], undefined],
] as const) {
  test(`${text} ends in ${what ?? 'nothing that is known'}`, () => {
    const ending = fileEnding(text)
    assert.deepEqual([ending.carrier, ending.companions], [carrier, companions])
    assert.equal(endingText(ending, 'file'), what)
  })
}

test('a tag has endings of its own', () => {
  assert.deepEqual(tagEnding('v1-img.sig'), { at: 2, carrier: '-img', companions: ['.sig'] })
  assert.equal(tagEnding('v1.iso').at, 6)
})

test('docs: the page has all endings', () => {
  const page = readFileSync(new URL('../../../docs/names.md', import.meta.url), 'utf8')
  const named = new Set([...page.matchAll(/`([.-][^` ]+)`/g)].map(([, ending]) => ending))
  assert.deepEqual(
    fileEndings.filter((ending) => !named.has(ending)),
    [],
  )
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it, type TestContext, test } from 'node:test'
import { makeSamplePayload } from '../testkit/sample-payload.ts'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { cycloneDxDocument } from './cyclonedx.ts'
import { readDpkgRoot } from './dpkg-root.ts'
import type { Inventory, InventoryFile } from './inventory.ts'
import { provenanceDocument } from './provenance.ts'
import { spdxDocument } from './spdx.ts'

const facts = { name: 'kairos-debian-13-core-amd64-generic-v1.0.0', builder: 'v0.1.0', epoch: 1_700_000_000 }

const sum = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex')

const file = (path: string, owner?: string): InventoryFile => ({
  path,
  sha1: sum('sha1', path),
  sha256: sum('sha256', path),
  ...(owner ? { owner } : {}),
})

/** Two packages of one source in the root, one more in the initramfs alone, and names that only special characters tell apart. */
function inventoryOf(t: TestContext): Inventory {
  const { card, digest } = makeSamplePayload(join(temporaryFolder(t), 'payload'))
  const from = (name: string, version: string, source = name) => ({
    key: `${name}_${version}_amd64`,
    name,
    version,
    architecture: 'amd64',
    source: { name: source, version },
  })
  const [one, other] = [from('libg++', '1:2+b1', 'g'), from('libg--', '1:2+b1', 'g')]
  const busybox = { ...from('busybox-static', '1.37'), supplier: '"Team" <team@example.org>' }
  return {
    schema: 'kiln.inventory/v1',
    payload: card,
    payloadDigest: digest,
    packages: [{ ...one, licence: 'MIT AND LicenseRef-g-odd', sha256: '0'.repeat(64) }, other, busybox],
    inRoot: [one.key, other.key],
    inBootLoaders: [],
    root: [
      file('/usr/lib/a+b', one.key),
      file('/usr/lib/a-b', one.key),
      file('/etc/own'),
      file('/usr/lib/z', other.key),
    ],
    initramfs: [file('/bin/busybox', busybox.key), file('/init')],
    licenceRefs: { 'LicenseRef-g-odd': { name: 'odd', text: 'Do what you like.' } },
  }
}

interface Spdx {
  readonly packages: readonly (Record<string, unknown> & { readonly SPDXID: string; readonly name: string })[]
  readonly files: readonly { readonly SPDXID: string; readonly fileName: string }[]
  readonly relationships: readonly {
    readonly spdxElementId: string
    readonly relationshipType: string
    readonly relatedSpdxElement: string
  }[]
  readonly hasExtractedLicensingInfos: readonly {
    readonly licenseId: string
    readonly extractedText: string
  }[]
}

describe('an SPDX document', () => {
  const documentOf = (t: TestContext) => spdxDocument(inventoryOf(t), facts) as unknown as Spdx

  it('gives everything an identifier of its own, of the characters that SPDX allows', (t) => {
    const { packages, files } = documentOf(t)
    const ids = [...packages, ...files].map(({ SPDXID }) => SPDXID)
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/)
  })

  it('relates only what it has, and every file to what it is in', (t) => {
    const { packages, files, relationships } = documentOf(t)
    const ids = new Set(['SPDXRef-DOCUMENT', ...[...packages, ...files].map(({ SPDXID }) => SPDXID)])
    for (const each of relationships) {
      assert.ok(ids.has(each.spdxElementId) && ids.has(each.relatedSpdxElement), JSON.stringify(each))
    }
    const contained = relationships
      .filter(({ relationshipType }) => relationshipType === 'CONTAINS')
      .map(({ relatedSpdxElement }) => relatedSpdxElement)
    for (const { SPDXID } of files) assert.equal(contained.filter((id) => id === SPDXID).length, 1, SPDXID)
  })

  it('says of files what the standard computes of them', (t) => {
    const { packages } = documentOf(t)
    const found = packages.find(({ name }) => name === 'libg++')
    const sums = ['/usr/lib/a+b', '/usr/lib/a-b'].map((path) => sum('sha1', path)).toSorted()
    assert.deepEqual(found?.packageVerificationCode, {
      packageVerificationCodeValue: sum('sha1', sums.join('')),
    })
    const [none] = packages.filter(({ name }) => name === 'busybox-static')
    assert.equal(none?.filesAnalyzed, false, 'a package of which the root has nothing')
  })

  it('names sources, suppliers and licences that SPDX does not know', (t) => {
    const { packages, relationships, hasExtractedLicensingInfos } = documentOf(t)
    const sources = packages.filter(({ primaryPackagePurpose }) => primaryPackagePurpose === 'SOURCE')
    assert.deepEqual(
      sources.map(({ name }) => name),
      ['g', 'busybox-static'],
    )
    const built = relationships.filter(({ relationshipType }) => relationshipType === 'GENERATED_FROM')
    assert.equal(built.length, 3)
    assert.equal(
      packages.find(({ name }) => name === 'busybox-static')?.supplier,
      'Organization: Team (team@example.org)',
    )
    assert.deepEqual(hasExtractedLicensingInfos, [
      { licenseId: 'LicenseRef-g-odd', name: 'odd', extractedText: 'Do what you like.' },
    ])
  })

  it('is the same for the same inventory, and its address another for another payload', (t) => {
    const inventory = inventoryOf(t)
    assert.equal(
      JSON.stringify(spdxDocument(inventory, facts)),
      JSON.stringify(spdxDocument(inventory, facts)),
    )
    const other = spdxDocument({ ...inventory, payloadDigest: `sha256:${'1'.repeat(64)}` }, facts)
    assert.notEqual(other.documentNamespace, spdxDocument(inventory, facts).documentNamespace)
  })
})

describe('a CycloneDX document', () => {
  interface CycloneDx {
    readonly metadata: { readonly component: { readonly 'bom-ref': string } }
    readonly components: readonly {
      readonly 'bom-ref': string
      readonly name: string
      readonly purl?: string
    }[]
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
  }
  const documentOf = (t: TestContext) => cycloneDxDocument(inventoryOf(t), facts) as unknown as CycloneDx

  it('refers only to what it has, each once', (t) => {
    const { metadata, components, dependencies } = documentOf(t)
    const refs = [metadata.component['bom-ref'], ...components.map((each) => each['bom-ref'])]
    assert.equal(new Set(refs).size, refs.length)
    for (const { ref, dependsOn } of dependencies) {
      for (const each of [ref, ...dependsOn]) assert.ok(refs.includes(each), each)
    }
  })

  it('leads from the image to every package and to every file without one', (t) => {
    const { metadata, components, dependencies } = documentOf(t)
    const reached = new Set<string>()
    const visit = (ref: string) => {
      reached.add(ref)
      for (const next of dependencies.find((each) => each.ref === ref)?.dependsOn ?? []) visit(next)
    }
    visit(metadata.component['bom-ref'])
    for (const each of components) assert.ok(reached.has(each['bom-ref']), each['bom-ref'])
    const names = components.map(({ name }) => name)
    for (const name of ['busybox-static', '/etc/own', '/init']) assert.ok(names.includes(name), name)
    assert.ok(!names.includes('/usr/lib/z'), 'files of packages are in the SPDX document')
  })

  it('names packages as databases of vulnerabilities do', (t) => {
    const urls = documentOf(t).components.flatMap(({ purl }) => purl ?? [])
    assert.ok(
      urls.includes('pkg:deb/debian/busybox-static@1.37?arch=amd64&distro=debian-13'),
      urls.join('\n'),
    )
  })
})

test('a provenance names what the lock knows by its hash, and nothing that another builder would have otherwise', (t) => {
  const { buildDefinition, runDetails } = provenanceDocument(inventoryOf(t), facts) as {
    readonly buildDefinition: {
      readonly resolvedDependencies: readonly {
        readonly uri: string
        readonly digest: { readonly sha256: string }
      }[]
    }
    readonly runDetails: object
  }
  assert.deepEqual(
    buildDefinition.resolvedDependencies.map(({ uri }) => uri),
    ['pkg:deb/debian/libg%2B%2B@1:2+b1?arch=amd64&distro=debian-13', 'pkg:generic/kiln-agent@v1'],
  )
  for (const { digest } of buildDefinition.resolvedDependencies) assert.match(digest.sha256, /^[0-9a-f]{64}$/)
  assert.deepEqual(Object.keys(runDetails), ['builder'], 'no times, no place')
})

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ and Expat

Files: x
License: GPL-1+ or Artistic

Files: y
License: own
 Words.
`

test('a package database tells packages, licences, and whose a file is', (t) => {
  const root = temporaryFolder(t)
  const installed = (name: string, more = '') =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n${more}\n\n`
  plant(root, {
    'var/lib/dpkg/status': installed('a', 'Source: src') + installed('b'),
    'var/lib/dpkg/info/a.list': '/.\n/bin\n/bin/a\n',
    'var/lib/dpkg/info/b:amd64.list': '/usr/bin/b\n',
    'var/lib/dpkg/info/b:amd64.postinst': '#!/bin/sh\n',
    'usr/share/doc/a/copyright': copyright,
    'usr/share/doc/b/copyright': 'All rights reserved.\n',
  })
  const { packages, owners, licenceRefs } = readDpkgRoot(root)
  assert.deepEqual(
    packages.map(({ key, licence }) => [key, licence]),
    [
      [
        'a_1_amd64',
        '(GPL-1.0-or-later OR Artistic-1.0-Perl) AND GPL-2.0-or-later AND LicenseRef-src-own AND MIT',
      ],
      ['b_1_amd64', undefined],
    ],
  )
  assert.equal(owners.get('/bin/a'), 'a_1_amd64')
  assert.equal(owners.get('/usr/bin/b'), 'b_1_amd64')
  assert.equal(owners.get('/var/lib/dpkg/info/b:amd64.postinst'), 'b_1_amd64')
  assert.deepEqual([...licenceRefs], [['LicenseRef-src-own', { name: 'own', text: 'Words.' }]])
})

test('a root without a package database has no packages', (t) => {
  assert.deepEqual(readDpkgRoot(temporaryFolder(t)).packages, [])
})

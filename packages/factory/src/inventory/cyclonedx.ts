import { hexOf } from '../resolve/digest.ts'
import { seededUuid } from '../tools/veritysetup.ts'
import type { Inventory, InventoryFile, InventoryPackage } from './inventory.ts'
import { kernelPackages, type Part, partsOf } from './parts.ts'
import { type Distro, packageUrl, sourceUrl } from './purl.ts'
import { type DocumentFacts, isoTime } from './spdx.ts'

type Element = Readonly<Record<string, unknown>>

/**
 * A CycloneDX 1.6 document (ECMA-424, its JSON form) of an image: parts, packages, and the files that no package brought. Files of
 * packages are in the SPDX document alone: who reads this one looks for vulnerabilities. Pure, as {@link spdxDocument}.
 */
export function cycloneDxDocument(inventory: Inventory, { name, builder, epoch }: DocumentFacts): Element {
  const { payload, payloadDigest } = inventory
  const parts = partsOf(inventory)
  const image = `image/${name}`
  const dependsOn = new Map<string, Iterable<string>>([
    [image, parts.filter(({ within }) => !within).map(partRef)],
    ...parts.map(
      (part) => [partRef(part), parts.filter(({ within }) => within === part.kind).map(partRef)] as const,
    ),
  ])
  const add = (kind: Part['kind'], refs: Iterable<string>) => {
    const part = parts.find((each) => each.kind === kind)
    if (part) dependsOn.set(partRef(part), [...(dependsOn.get(partRef(part)) ?? []), ...refs])
  }
  const unowned = inventory.root.filter(({ owner }) => owner === undefined)
  add('root-image', [...inventory.inRoot, ...unowned.map(({ path }) => fileRef('root', path))])
  add('initramfs', new Set(inventory.initramfs.map((file) => file.owner ?? fileRef('initramfs', file.path))))
  add('boot-loaders', inventory.inBootLoaders)
  add('kernel', kernelPackages(inventory))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${seededUuid(`cyclonedx ${builder} ${payloadDigest}`)}`,
    version: 1,
    metadata: {
      timestamp: isoTime(epoch),
      tools: { components: [{ type: 'application', name: 'kiln', version: builder.replace(/^v/, '') }] },
      component: {
        type: 'operating-system',
        'bom-ref': image,
        name,
        version: payload.image.version,
        hashes: [sha256(hexOf(payloadDigest))],
      },
    },
    components: [
      ...parts.map(partComponent),
      ...inventory.packages.map((each) => packageComponent(each, inventory.payload.image)),
      ...unowned.map((file) => fileComponent('root', file)),
      ...inventory.initramfs
        .filter(({ owner }) => owner === undefined)
        .map((file) => fileComponent('initramfs', file)),
    ],
    dependencies: [...dependsOn]
      .map(([ref, others]) => ({ ref, dependsOn: [...new Set(others)].toSorted() }))
      .toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
  }
}

function partRef({ kind, name }: Part): string {
  return `part/${kind}/${name}`
}

function fileRef(place: string, path: string): string {
  return `file/${place}${path}`
}

const partTypes: Readonly<Record<Part['kind'], string>> = {
  'root-image': 'file',
  uki: 'file',
  kernel: 'file',
  initramfs: 'file',
  'boot-loaders': 'firmware',
  'boot-loader': 'file',
  agent: 'application',
}

function partComponent(part: Part): Element {
  const { kind, name, version, digest, url } = part
  return {
    type: partTypes[kind],
    'bom-ref': partRef(part),
    name,
    ...(version ? { version } : {}),
    ...(digest ? { hashes: [sha256(digest)] } : {}),
    ...(url ? { purl: url } : {}),
  }
}

function packageComponent(each: InventoryPackage, distro: Distro): Element {
  const { key, name, version, supplier, homepage, licence, sha256: hex } = each
  return {
    type: 'library',
    'bom-ref': key,
    ...(supplier ? { supplier: { name: supplier } } : {}),
    name,
    version,
    ...(hex ? { hashes: [sha256(hex)] } : {}),
    ...(licence ? { licenses: [{ expression: licence }] } : {}),
    purl: packageUrl(each, distro),
    ...(homepage ? { externalReferences: [{ type: 'website', url: homepage }] } : {}),
    properties: [{ name: 'kiln:source', value: sourceUrl(each, distro) }],
  }
}

function fileComponent(place: string, { path, sha256: hex }: InventoryFile): Element {
  return { type: 'file', 'bom-ref': fileRef(place, path), name: path, hashes: [sha256(hex)] }
}

function sha256(content: string): Element {
  return { alg: 'SHA-256', content }
}

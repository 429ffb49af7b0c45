import { createHash } from 'node:crypto'
import { hexOf } from '../resolve/digest.ts'
import { seededUuid } from '../tools/veritysetup.ts'
import type { Inventory, InventoryFile, InventoryPackage } from './inventory.ts'
import { licenseListVersion } from './licence.ts'
import { kernelPackages, type Part, partsOf } from './parts.ts'
import { type Distro, packageUrl, sourceUrl } from './purl.ts'

/** What a document says of itself. */
export interface DocumentFacts {
  /** Name of the image and what it is for: `kairos-debian-13-core-amd64-generic-v1.0.0`. */
  readonly name: string
  /** `v0.1.0` */
  readonly builder: string
  /** Seconds since 1970. */
  readonly epoch: number
}

type Element = Readonly<Record<string, unknown>>

const nothingSaid = 'NOASSERTION'

/** An SPDX 2.3 document (ISO/IEC 5962, its JSON form) of everything in an image. Pure: the same bytes for the same inventory. */
export function spdxDocument(inventory: Inventory, { name, builder, epoch }: DocumentFacts): Element {
  const elements = elementsOf(inventory, name)
  const { image, parts, packages, sources, files, added } = elements
  const distro = inventory.payload.image
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${seededUuid(`spdx ${builder} ${inventory.payloadDigest}`)}`,
    creationInfo: {
      created: isoTime(epoch),
      creators: [`Tool: kiln-${builder.replace(/^v/, '')}`],
      licenseListVersion,
    },
    packages: [
      imageElement(image, inventory),
      ...parts.map(({ id, part }) => partElement(id, part, added[part.kind] ?? [])),
      ...packages.map(({ id, own, ...each }) => packageElement(id, each.package, distro, own)),
      ...[...sources.values()].map(({ id, built }) => sourceElement(id, built, distro)),
    ],
    files: files.map(fileElement),
    relationships: relationshipsOf(inventory, elements),
    hasExtractedLicensingInfos: Object.entries(inventory.licenceRefs).map(
      ([licenseId, { name: known, text }]) => ({
        licenseId,
        name: known,
        extractedText: text ?? `The package has no text for "${known}" beside its name.`,
      }),
    ),
  }
}

interface PlacedFile {
  readonly id: string
  readonly place: 'root' | 'initramfs'
  readonly file: InventoryFile
}

/** Everything that has an identifier in the document. */
interface Elements {
  readonly image: string
  readonly parts: readonly { readonly id: string; readonly part: Part }[]
  readonly packages: readonly {
    readonly id: string
    readonly package: InventoryPackage
    readonly own: readonly PlacedFile[]
  }[]
  /** By name and version; `built` is one of the packages that it was built to. */
  readonly sources: ReadonlyMap<string, { readonly id: string; readonly built: InventoryPackage }>
  readonly files: readonly PlacedFile[]
  /** Files that a part has without a package around them. */
  readonly added: Readonly<Partial<Record<Part['kind'], readonly PlacedFile[]>>>
}

function elementsOf(inventory: Inventory, name: string): Elements {
  const ids = new Ids()
  const image = ids.of('Image', name)
  const place = (where: PlacedFile['place'], files: readonly InventoryFile[]) =>
    files.map((file): PlacedFile => ({ id: ids.of(`File-${where}`, file.path), place: where, file }))
  const [root, initramfs] = [place('root', inventory.root), place('initramfs', inventory.initramfs)]
  const byOwner = Map.groupBy(root, ({ file }) => file.owner)
  const built = new Map(inventory.packages.map((each) => [sourceKey(each), each]))
  return {
    image,
    parts: partsOf(inventory).map((part) => ({ id: ids.of(part.kind, part.name), part })),
    packages: inventory.packages.map((each) => ({
      id: ids.of('Package', each.key),
      package: each,
      own: byOwner.get(each.key) ?? [],
    })),
    sources: new Map([...built].map(([key, each]) => [key, { id: ids.of('Source', key), built: each }])),
    files: [...root, ...initramfs],
    added: { 'root-image': byOwner.get(undefined) ?? [], initramfs },
  }
}

function relationshipsOf(inventory: Inventory, elements: Elements): Element[] {
  const { image, parts, packages, sources, added } = elements
  const relationships: Element[] = []
  const relate = (from: string, relationshipType: string, to: string) =>
    relationships.push({ spdxElementId: from, relationshipType, relatedSpdxElement: to })
  const partId = (kind: Part['kind'] | undefined) => parts.find(({ part }) => part.kind === kind)?.id ?? image
  const packageIds = new Map(packages.map((each) => [each.package.key, each.id]))
  const holdsPackages = (kind: Part['kind'], keys: Iterable<string>) => {
    for (const key of keys) relate(partId(kind), 'CONTAINS', packageIds.get(key) ?? image)
  }
  relate('SPDXRef-DOCUMENT', 'DESCRIBES', image)
  for (const { id, part } of parts) {
    relate(partId(part.within), 'CONTAINS', id)
    for (const file of added[part.kind] ?? []) relate(id, 'CONTAINS', file.id)
  }
  holdsPackages('root-image', inventory.inRoot)
  holdsPackages('kernel', kernelPackages(inventory))
  holdsPackages('boot-loaders', inventory.inBootLoaders)
  holdsPackages('initramfs', new Set(inventory.initramfs.flatMap(({ owner }) => owner ?? [])))
  for (const { id, own, ...each } of packages) {
    for (const file of own) relate(id, 'CONTAINS', file.id)
    relate(id, 'GENERATED_FROM', sources.get(sourceKey(each.package))?.id ?? image)
  }
  return relationships
}

function sourceKey({ source }: InventoryPackage): string {
  return `${source.name}_${source.version}`
}

function imageElement(id: string, { payload, payloadDigest }: Inventory): Element {
  return {
    SPDXID: id,
    name: payload.image.name,
    versionInfo: payload.image.version,
    ...unsaid,
    filesAnalyzed: false,
    checksums: [checksum('SHA256', hexOf(payloadDigest))],
    comment: 'The checksum is that of payload.json, which names each part with its own.',
  }
}

function partElement(id: string, part: Part, files: readonly PlacedFile[]): Element {
  const { name, version, file, digest, url } = part
  return {
    SPDXID: id,
    name,
    ...(version ? { versionInfo: version } : {}),
    ...(file ? { packageFileName: file } : {}),
    ...unsaid,
    ...analysis(files),
    ...(digest ? { checksums: [checksum('SHA256', digest)] } : {}),
    ...(url ? { externalRefs: [purlRef(url)] } : {}),
  }
}

function packageElement(
  id: string,
  each: InventoryPackage,
  distro: Distro,
  files: readonly PlacedFile[],
): Element {
  const { name, version, supplier, homepage, licence, sha256, file } = each
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    ...(file ? { packageFileName: file } : {}),
    ...(supplier ? { supplier: actor(supplier) } : {}),
    ...unsaid,
    ...(licence ? { licenseDeclared: licence } : {}),
    ...(homepage ? { homepage } : {}),
    ...analysis(files),
    ...(sha256 ? { checksums: [checksum('SHA256', sha256)] } : {}),
    externalRefs: [purlRef(packageUrl(each, distro))],
  }
}

function sourceElement(id: string, each: InventoryPackage, distro: Distro): Element {
  return {
    SPDXID: id,
    name: each.source.name,
    versionInfo: each.source.version,
    primaryPackagePurpose: 'SOURCE',
    ...unsaid,
    filesAnalyzed: false,
    externalRefs: [purlRef(sourceUrl(each, distro))],
  }
}

function fileElement({ id, place, file }: PlacedFile): Element {
  return {
    SPDXID: id,
    fileName: place === 'root' ? `.${file.path}` : `./${place}${file.path}`,
    checksums: [checksum('SHA1', file.sha1), checksum('SHA256', file.sha256)],
    licenseConcluded: nothingSaid,
    copyrightText: nothingSaid,
  }
}

/** What SPDX wants to be answered, where there is no answer. */
const unsaid = {
  downloadLocation: nothingSaid,
  licenseConcluded: nothingSaid,
  licenseDeclared: nothingSaid,
  copyrightText: nothingSaid,
} as const

/** Clause 7.9: SHA-1 over the SHA-1 of all files, sorted and joined. */
function analysis(files: readonly PlacedFile[]): Element {
  if (files.length === 0) return { filesAnalyzed: false }
  const sums = files.map(({ file }) => file.sha1).toSorted()
  const value = createHash('sha1').update(sums.join('')).digest('hex')
  return { filesAnalyzed: true, packageVerificationCode: { packageVerificationCodeValue: value } }
}

function checksum(algorithm: 'SHA1' | 'SHA256', checksumValue: string): Element {
  return { algorithm, checksumValue }
}

function purlRef(referenceLocator: string): Element {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator }
}

/** `Name <address>` as SPDX has it: a person or an organization cannot be told apart, and teams are the rule. */
function actor(maintainer: string): string {
  const [, name = maintainer, address] = maintainer.match(/^(.*?)\s*<([^>]+)>$/) ?? []
  return `Organization: ${name.replaceAll(/^"|"$/g, '')}${address ? ` (${address})` : ''}`
}

export function isoTime(epoch: number): string {
  return `${new Date(epoch * 1000).toISOString().slice(0, 19)}Z`
}

/** Identifiers of a document: letters, digits, dots and hyphens, so what other characters make equal is told apart by a number. */
class Ids {
  readonly #taken = new Map<string, number>()

  of(kind: string, name: string): string {
    const id = `SPDXRef-${kind}-${name.replaceAll(/[^A-Za-z0-9.]+/g, '-').replaceAll(/^-|-$/g, '')}`
    const times = (this.#taken.get(id) ?? 0) + 1
    this.#taken.set(id, times)
    // No name ends in such a number twice: where it does, the next one is taken.
    return times === 1 ? id : this.of(kind, `${name}-${times}`)
  }
}

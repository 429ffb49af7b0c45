import { artifactEndings, artifactKinds, isDocumentArtifact } from './artifacts.ts'

/**
 * What stands behind the name of an image. Ours, and what the field publishes (its artifact page, AuroraBoot's and its
 * factory's names); each with what it is, for people.
 */
const carriers: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    artifactKinds
      .filter((kind) => !isDocumentArtifact(kind))
      .map((kind) => [artifactEndings[kind], `${kind} image`]),
  ),
  '.efi': 'unified kernel image',
  '-uki.iso': 'ISO with a unified kernel image',
  '-uki.tar': 'container image with a unified kernel image',
  '-uki.efi': 'unified kernel image',
  '-uki': 'container image with a unified kernel image',
  '.tar': 'container image in a tar',
  '.tar.gz': 'compressed tar',
  '.raw.gz': 'compressed disk',
  '.raw.xz': 'compressed disk',
  '.img.gz': 'compressed disk for a board',
  '.img.xz': 'compressed disk for a board',
  '.squashfs': 'root file system to boot from the network',
  '-kernel': 'kernel to boot from the network',
  '-initrd': 'initial file system to boot from the network',
  '.ipxe': 'script of iPXE',
  '-ipxe.iso': 'ISO that boots from the network',
  '-ipxe-usb.img': 'USB stick that boots from the network',
  '-sbom-scan-reports.tar.gz': 'archive of reports',
}

/** About another file, or about the image as a whole; one may follow another, as in `.iso.sha256.sig`. */
const companions: Readonly<Record<string, string>> = {
  '-sbom.spdx.json': 'SBOM (SPDX)',
  '-sbom.syft.json': 'SBOM (Syft)',
  '-sbom.cdx.json': 'SBOM (CycloneDX)',
  '.spdx.json': 'SBOM (SPDX)',
  '.syft.json': 'SBOM (Syft)',
  '.cdx.json': 'SBOM (CycloneDX)',
  '.provenance.json': 'provenance (SLSA)',
  '-trivy.sarif': 'report of Trivy',
  '-trivy.json': 'report of Trivy',
  '-grype.sarif': 'report of Grype',
  '-grype.json': 'report of Grype',
  '.sarif': 'report',
  '.openvex.json': 'statement on vulnerabilities (OpenVEX)',
  '.sha256': 'checksum',
  '.sha512': 'checksum',
  '.sig': 'signature',
  '.pem': 'certificate',
  '.bundle': 'signature with its certificate',
  '.sigstore.json': 'signature with its certificate',
  '.intoto.jsonl': 'attestation',
  '.att': 'attestation',
  '.zip': 'archive',
}

/** Behind a tag. */
const tagCarriers: Readonly<Record<string, string>> = {
  '-uki': 'container image with a unified kernel image',
  '-img': 'container image around a disk',
}
const tagCompanions: Readonly<Record<string, string>> = {
  '.sig': 'signature',
  '.att': 'attestation',
  '.sbom': 'SBOM',
}

export interface Ending {
  /** Where it begins. */
  readonly at: number
  /** `.iso`, or empty. */
  readonly carrier: string
  /** `.sha256`, `.sig`: in their order. */
  readonly companions: readonly string[]
}

type Finder = (text: string) => Ending

function finder(first: Readonly<Record<string, string>>, further: Readonly<Record<string, string>>): Finder {
  const any = (table: Readonly<Record<string, string>>) =>
    Object.keys(table)
      // `.sigstore.json` before `.sig`.
      .toSorted((a, b) => b.length - a.length)
      .map((ending) => ending.replaceAll('.', '\\.'))
      .join('|')
  // The beginning is as short as it can be, and so the ending as long as it can be.
  const whole = new RegExp(`^(.+?)(${any(first)})?((?:${any(further)})*)$`)
  const one = new RegExp(any(further), 'g')
  return (text) => {
    const [, before = text, carrier = '', behind = ''] = text.match(whole) ?? []
    return { at: before.length, carrier, companions: behind.match(one) ?? [] }
  }
}

export const fileEnding: Finder = finder(carriers, companions)
export const tagEnding: Finder = finder(tagCarriers, tagCompanions)

/** All that can stand behind the name of a file. */
export const fileEndings: readonly string[] = [...Object.keys(carriers), ...Object.keys(companions)]

/** `checksum of an iso image`; undefined where there is no ending. */
export function endingText(ending: Omit<Ending, 'at'>, kind: 'file' | 'tag'): string | undefined {
  const [first, further] = kind === 'file' ? [carriers, companions] : [tagCarriers, tagCompanions]
  const words = [first[ending.carrier], ...ending.companions.map((each) => further[each])]
  const known = words.filter((word) => word !== undefined).toReversed()
  return known.length === 0 ? undefined : known.join(' of: ')
}

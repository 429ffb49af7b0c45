import { GiB, MiB, roundUp, sizeText } from './bytes.ts'
import { artifactName, type ImageIdentity } from './names.ts'

/** What can be made of an image. */
export const artifactKinds = [
  'iso',
  'oci',
  'docker',
  'raw',
  'raw-efi',
  'raw-bios',
  'img',
  'img-oci',
  'qcow2',
  'vhd',
  'gce',
  'aws',
  'vmdk',
  'ova',
  'maas',
  'spdx',
  'cyclonedx',
  'provenance',
] as const
export type ArtifactKind = (typeof artifactKinds)[number]

/** End of the file name of each: no two are equal, so that all can be made in one build. */
export const artifactEndings: Readonly<Record<ArtifactKind, string>> = {
  iso: '.iso',
  oci: '.oci',
  docker: '.docker.tar',
  raw: '.raw',
  'raw-efi': '.efi.raw',
  'raw-bios': '.bios.raw',
  img: '.img',
  'img-oci': '.img.oci',
  qcow2: '.qcow2',
  vhd: '.vhd',
  gce: '.gce.tar.gz',
  aws: '.aws.raw',
  vmdk: '.vmdk',
  ova: '.ova',
  maas: '.maas.raw.gz',
  spdx: '.spdx.json',
  cyclonedx: '.cdx.json',
  provenance: '.provenance.json',
}

/** `kairos-debian-13-core-amd64-generic-v0.1.0.gce.tar.gz` */
export function artifactFile(image: ImageIdentity, kind: ArtifactKind): string {
  return artifactName(image, artifactEndings[kind])
}

/** Artifacts that are container images; `img-oci` has the disk of a board in it. */
export type ContainerArtifact = 'oci' | 'docker' | 'img-oci'

export function isContainerArtifact(kind: ArtifactKind): kind is ContainerArtifact {
  return kind === 'oci' || kind === 'docker' || kind === 'img-oci'
}

/** Artifacts for boards alone: disks with the firmware that a board starts. */
export function isBoardArtifact(kind: ArtifactKind): boolean {
  return kind === 'img' || kind === 'img-oci'
}

/** Artifacts that tell of an image: what is in it, and how it was made. */
export const documentArtifacts = [
  'spdx',
  'cyclonedx',
  'provenance',
] as const satisfies readonly ArtifactKind[]
export type DocumentArtifact = (typeof documentArtifacts)[number]

export function isDocumentArtifact(kind: ArtifactKind): kind is DocumentArtifact {
  return documentArtifacts.some((document) => document === kind)
}

/** Artifacts that are, or hold, a disk on which the system is installed. */
export type DiskArtifact = Exclude<ArtifactKind, 'iso' | ContainerArtifact | DocumentArtifact>

export function isDiskArtifact(kind: ArtifactKind): kind is DiskArtifact {
  return kind !== 'iso' && !isContainerArtifact(kind) && !isDocumentArtifact(kind)
}

/** Sizes that a format or a cloud takes for its disks. Bytes. */
export interface DiskSizeRule {
  /** The size is a multiple of it. */
  readonly step: number
  readonly most?: number
  /** Who wants it so, as the subject of a sentence. */
  readonly who: string
}

const wholeMiB: DiskSizeRule = { step: MiB, who: 'a disk image' }

/**
 * Azure: "VHDs on Azure must have a virtual size aligned to 1 MB"; a fixed VHD has at most 2040 GiB (VHD image format
 * specification 1.0). Google: "The disk size must be an integer number of GiB". AWS makes a volume of whole GiB of a snapshot.
 */
export const diskSizeRules: Readonly<Record<DiskArtifact, DiskSizeRule>> = {
  raw: wholeMiB,
  'raw-efi': wholeMiB,
  'raw-bios': wholeMiB,
  img: wholeMiB,
  qcow2: wholeMiB,
  vmdk: wholeMiB,
  ova: wholeMiB,
  maas: wholeMiB,
  vhd: { step: MiB, most: 2040 * GiB, who: 'Azure' },
  gce: { step: GiB, who: 'Google Compute Engine' },
  aws: { step: GiB, who: 'AWS' },
}

/** Bytes of the disk in an artifact, for a layout that needs some. */
export function diskArtifactBytes(kind: DiskArtifact, neededBytes: number): number {
  return roundUp(neededBytes, diskSizeRules[kind].step)
}

/** Why a disk of a size that somebody asked for cannot be made as this artifact; undefined where it can. */
export function diskSizeProblem(
  kind: DiskArtifact,
  bytes: number,
): { readonly message: string; readonly hint: string } | undefined {
  const { step, most = Infinity, who } = diskSizeRules[kind]
  if (bytes > most) {
    const message = `${who} takes a disk of at most ${sizeText(most)}, and this one has ${sizeText(bytes)} (artifact ${kind})`
    return { message, hint: `make the disk smaller, or leave ${kind} out of artifacts` }
  }
  if (bytes % step === 0) return undefined
  return {
    message: `${who} takes whole ${step === GiB ? 'GiB' : 'MiB'}, and the disk has ${bytes / step} (artifact ${kind})`,
    hint: `take ${sizeText(roundUp(bytes, step))}, or leave ${kind} out of artifacts`,
  }
}

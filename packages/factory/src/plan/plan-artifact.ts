import {
  type ArtifactKind,
  artifactFile,
  artifactName,
  type DiskArtifact,
  type DocumentArtifact,
  diskImageTag,
  imageTag,
  isDiskArtifact,
} from '@kiln/contract'
import type { DiskWish } from '../definition/disk.ts'
import type { ResolvedImage } from '../resolve/resolve.ts'
import type { Enrolment } from '../secure-boot/resolve.ts'
import { planContainer } from './plan-container.ts'
import type { DiskParams, Step, StepOf } from './step.ts'
import { stepId } from './step-id.ts'

/** Ids of the steps that the artifacts of an image are made from; each takes some. */
export type ArtifactInputs = Readonly<
  Record<'packages' | 'convert' | 'payload' | 'root-image' | 'boot-loader' | 'toolchain', string>
>

/** The steps that make an artifact and look at it. The one with the artifact has its kind at the end of its id. */
export function planArtifact(
  kind: Exclude<ArtifactKind, DocumentArtifact>,
  image: ResolvedImage,
  inputs: ArtifactInputs,
  enrolment?: Enrolment,
): readonly Step[] {
  if (kind === 'oci') return planContainer(image, inputs)
  if (kind === 'docker') return [dockerStep(image, inputs)]
  if (kind === 'img-oci') return diskImageSteps(image, inputs, enrolment)
  const started = enrolment ? { enrolment } : {}
  const steps = isDiskArtifact(kind)
    ? diskSteps(kind, image, inputs, started)
    : [isoStep(image, inputs, started)]
  return [...steps, verifyStep(kind, image, inputs)]
}

interface Started {
  readonly enrolment?: Enrolment
}

function isoStep(image: ResolvedImage, inputs: ArtifactInputs, started: Started): Step {
  const { payload, 'root-image': rootImage, 'boot-loader': bootLoader, toolchain } = inputs
  return {
    id: stepId(image, 'iso'),
    kind: 'iso',
    title: 'ISO',
    params: {
      ...carrierParams(image),
      file: artifactFile(image.identity, 'iso'),
      medium: image.medium,
      ...started,
    },
    inputs: { payload, 'root-image': rootImage, 'boot-loader': bootLoader, toolchain },
  }
}

/** The file for Docker is made of the image layout, wanted or not. */
export function withContainer(artifacts: readonly ArtifactKind[]): readonly ArtifactKind[] {
  return artifacts.includes('docker') && !artifacts.includes('oci') ? ['oci', ...artifacts] : artifacts
}

function dockerStep(image: ResolvedImage, { toolchain }: ArtifactInputs): Step {
  const { name, identity, root } = image
  return {
    id: stepId(image, 'docker'),
    kind: 'docker',
    title: 'Docker archive',
    params: {
      file: artifactFile(identity, 'docker'),
      layout: artifactFile(identity, 'oci'),
      name,
      tag: imageTag(identity),
      epoch: root.all.epoch,
    },
    inputs: { oci: stepId(image, 'oci'), toolchain },
  }
}

function diskImageSteps(image: ResolvedImage, inputs: ArtifactInputs, enrolment?: Enrolment): Step[] {
  const { identity, root } = image
  return [
    ...planArtifact('img', image, inputs, enrolment),
    {
      id: stepId(image, 'img-oci'),
      kind: 'img-oci',
      title: 'container image with the disk',
      params: {
        file: artifactFile(identity, 'img-oci'),
        disk: artifactFile(identity, 'img'),
        tag: diskImageTag(identity),
        arch: identity.arch,
        epoch: root.all.epoch,
      },
      inputs: { raw: stepId(image, 'img'), toolchain: inputs.toolchain },
    },
  ]
}

function carrierParams({ name, identity, cloudConfig, root }: ResolvedImage) {
  const { arch, version } = identity
  return { title: `${name} ${version}`, arch, cloudConfig, epoch: root.all.epoch }
}

/** Disks that are written as they are; all others are made from one of these, by format. */
const rawDisks = {
  raw: undefined,
  img: undefined,
  'raw-efi': 'uefi',
  'raw-bios': 'bios',
} as const satisfies Partial<Record<DiskArtifact, DiskWish['firmware'] | undefined>>
type RawDisk = keyof typeof rawDisks

function isRawDisk(kind: DiskArtifact): kind is RawDisk {
  return kind in rawDisks
}

function diskSteps(
  kind: DiskArtifact,
  image: ResolvedImage,
  inputs: ArtifactInputs,
  started: Started,
): Step[] {
  if (isRawDisk(kind)) return [rawStep(kind, image, inputs, started)]
  const raw = kind === 'maas' ? maasStep(image, inputs, started) : rawStep('raw', image, inputs, started)
  if (kind !== 'ova') return [raw, formatStep(kind, image, raw)]
  const disk = formatStep('vmdk', image, raw)
  return [raw, disk, ovaStep(image, disk)]
}

function rawStep(
  kind: RawDisk,
  image: ResolvedImage,
  inputs: ArtifactInputs,
  started: Started,
): StepOf<'raw'> {
  const { payload, 'root-image': rootImage, toolchain } = inputs
  const firmware = rawDisks[kind] ?? image.disk.firmware
  return {
    id: stepId(image, kind),
    kind: 'raw',
    title: rawTitles[kind],
    params: {
      ...carrierParams(image),
      file: artifactFile(image.identity, kind),
      disk: { ...image.disk, firmware },
      ...(image.board?.data.mbr === 'hybrid' ? { mbr: 'hybrid' as const } : {}),
      ...started,
    },
    inputs: {
      payload,
      'root-image': rootImage,
      toolchain,
      ...(image.board ? { board: stepId(image, 'board') } : {}),
    },
  }
}

/** MAAS wants something on the disk that it can run, which nobody else needs. */
function maasStep(image: ResolvedImage, inputs: ArtifactInputs, started: Started): StepOf<'raw'> {
  const raw = rawStep('raw', image, inputs, started)
  const params = { ...raw.params, file: artifactName(image.identity, '.maas.raw'), curtin: true } as const
  return { ...raw, id: stepId(image, 'raw-maas'), title: 'disk image (MAAS)', params }
}

const rawTitles: Readonly<Record<RawDisk, string>> = {
  raw: 'disk image',
  img: 'disk image (board)',
  'raw-efi': 'disk image (UEFI)',
  'raw-bios': 'disk image (BIOS)',
}

function formatStep(format: DiskParams['format'], image: ResolvedImage, raw: Step): Step {
  return {
    id: stepId(image, format),
    kind: 'disk',
    title: formatTitles[format],
    params: { file: artifactFile(image.identity, format), format, epoch: image.root.all.epoch },
    inputs: { raw: raw.id },
  }
}

const formatTitles: Readonly<Record<DiskParams['format'], string>> = {
  qcow2: 'qcow2',
  vhd: 'VHD (Azure)',
  gce: 'image for Google Compute Engine',
  aws: 'image for AWS',
  vmdk: 'VMDK',
  maas: 'image for MAAS',
}

function ovaStep(image: ResolvedImage, disk: Step): Step {
  const { name, identity, root } = image
  return {
    id: stepId(image, 'ova'),
    kind: 'ova',
    title: 'OVA',
    params: {
      file: artifactFile(identity, 'ova'),
      name,
      version: identity.version,
      firmware: image.disk.firmware,
      epoch: root.all.epoch,
    },
    inputs: { disk: disk.id },
  }
}

function verifyStep(kind: ArtifactKind, image: ResolvedImage, { payload }: ArtifactInputs): Step {
  return {
    id: stepId(image, `${kind}/verify`),
    kind: 'verify',
    title: `verification (${kind})`,
    params: {},
    inputs: { payload, artifact: stepId(image, kind) },
  }
}

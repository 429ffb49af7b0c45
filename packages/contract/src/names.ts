/**
 * Names of images and artifacts, as the field forms them.
 * Rules: `kairos-<flavor>-<flavor_release>-<variant>-<arch>-<device>-<version>[-<k8s>][suffix].<ext>` for files,
 * the same without `kairos-<flavor>-` for tags, with every `+` turned into `-`.
 */
export const architectures = ['amd64', 'arm64', 'riscv64'] as const
export type Architecture = (typeof architectures)[number]

export const variants = ['core', 'standard'] as const
export type Variant = (typeof variants)[number]

/** Kubernetes in an image: `k3s` and `v1.30.2+k3s1`, as it says itself. */
export interface Kubernetes {
  readonly distribution: string
  readonly version: string
}

/** What makes an image different from its siblings. */
export interface ImageIdentity {
  readonly flavor: string
  readonly flavorRelease: string
  readonly variant: Variant
  readonly arch: Architecture
  /** The board or machine class: `generic`, `rpi4` … The field calls it model, too. */
  readonly device: string
  /** With its leading `v`. */
  readonly version: string
  /** Not there in an image without. */
  readonly kubernetes?: Kubernetes
}

function imageTail(image: ImageIdentity): string {
  const { flavorRelease, variant, arch, device, version, kubernetes } = image
  const behind = kubernetes ? [`${kubernetes.distribution}${kubernetes.version}`] : []
  return [flavorRelease, variant, arch, device, version, ...behind].join('-')
}

/** `debian-13-core-amd64-generic-v0.1.0`: short name of an image in messages and folders. */
export function imageName(image: ImageIdentity): string {
  return `${image.flavor}-${imageTail(image)}`
}

/** `debian-13-core-amd64-generic`: what all versions of an image share, whatever Kubernetes they have. */
export function imageSeries({ flavor, flavorRelease, variant, arch, device }: ImageIdentity): string {
  return [flavor, flavorRelease, variant, arch, device].join('-')
}

/** Before every name of a file. */
export const filePrefix = 'kairos-'

/** `kairos-debian-13-core-amd64-generic-v0.1.0.iso`; the extension comes with its dot or suffix. */
export function artifactName(image: ImageIdentity, extension: string): string {
  return `${filePrefix}${imageName(image)}${extension}`
}

/** `13-core-amd64-generic-v0.1.0`: the tag in the repository `<registry>/<flavor>`. */
export function imageTag(image: ImageIdentity): string {
  return imageTail(image).replaceAll('+', '-')
}

/** Behind the tag of an image, that of the container image around its disk. */
export const diskTag = '-img'

/** `13-core-arm64-rpi4-v0.1.0-img`: the tag of the container image around the disk of a board. */
export function diskImageTag(image: ImageIdentity): string {
  return `${imageTag(image)}${diskTag}`
}

/** `13-amd64-generic-master`: the tag of a base that images of several variants are made of. */
export function baseTag(image: Omit<ImageIdentity, 'variant' | 'version'>, id: string): string {
  return [image.flavorRelease, image.arch, image.device, id].join('-').replaceAll('+', '-')
}

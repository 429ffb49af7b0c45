/**
 * Names of images and artifacts, as the field forms them.
 * Rules: `kairos-<flavor>-<flavor_release>-<variant>-<arch>-<device>-<version>[-<k8s>][suffix].<ext>` for files,
 * the same without `kairos-<flavor>-` for tags, with every `+` turned into `-`.
 */
export const architectures = ['amd64', 'arm64', 'riscv64'] as const
export type Architecture = (typeof architectures)[number]

export const variants = ['core', 'standard'] as const
export type Variant = (typeof variants)[number]

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
}

function imageTail(image: ImageIdentity): string {
  return [image.flavorRelease, image.variant, image.arch, image.device, image.version].join('-')
}

/** `debian-13-core-amd64-generic-v0.1.0`: short name of an image in messages and folders. */
export function imageName(image: ImageIdentity): string {
  return `${image.flavor}-${imageTail(image)}`
}

/** `kairos-debian-13-core-amd64-generic-v0.1.0.iso`; the extension comes with its dot or suffix. */
export function artifactName(image: ImageIdentity, extension: string): string {
  return `kairos-${imageName(image)}${extension}`
}

/** `13-core-amd64-generic-v0.1.0`: the tag in the repository `<registry>/<flavor>`. */
export function imageTag(image: ImageIdentity): string {
  return imageTail(image).replaceAll('+', '-')
}

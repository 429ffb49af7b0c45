import {
  type ImageIdentity,
  type ImageReference,
  imageName,
  imageReferenceText,
  imageTag,
  KilnError,
  parseImageReference,
} from '@kiln/contract'

/**
 * Reads the name of an image in a registry, with or without `oci:` before it.
 * @throws KilnError E-USAGE
 */
export function readReference(text: string): ImageReference {
  const plain = text.replace(/^(?:oci|docker):(?:\/\/)?/, '')
  // Credentials must not be repeated, so the text is shown only where it cannot hold any.
  const shown = plain.includes('@') ? 'the reference' : `"${plain}"`
  const reference = parseImageReference(plain)
  if (reference) return reference
  throw new KilnError('E-USAGE', `${shown} is no name of an image in a registry`, {
    hint: 'write it as <registry>/<name>[:<tag>]; credentials belong into a file: docker login or podman login',
  })
}

/**
 * Under which names images are pushed. Without a tag each gets its own, as the field forms it. Images that differ in nothing
 * but their architecture may share one.
 * @throws KilnError E-USAGE
 */
export function pushTargets(text: string, images: readonly ImageIdentity[]): string[] {
  const reference = readReference(text)
  if (reference.digest !== undefined) {
    throw new KilnError('E-USAGE', 'what is pushed cannot be named by a digest', { hint: 'name a tag' })
  }
  if (reference.tag !== undefined && !areSiblings(images)) {
    throw new KilnError('E-USAGE', `${images.length} images cannot share the tag "${reference.tag}"`, {
      hint: `leave the tag out, or choose one with --image: ${images.map(imageName).join(', ')}`,
    })
  }
  const targets = images.map((image) =>
    imageReferenceText({ ...reference, tag: reference.tag ?? imageTag(image) }),
  )
  const twice = targets.find((target, index) => targets.indexOf(target) !== index)
  if (twice === undefined || reference.tag !== undefined) return targets
  throw new KilnError('E-USAGE', `two images would both be ${twice}`, {
    hint: 'give each flavor a repository of its own: choose with --image',
  })
}

/** One system for several architectures, each once. */
function areSiblings(images: readonly ImageIdentity[]): boolean {
  const rest = images.map(({ arch: _arch, ...other }) => JSON.stringify(Object.entries(other).sort()))
  return new Set(rest).size <= 1 && new Set(images.map(({ arch }) => arch)).size === images.length
}

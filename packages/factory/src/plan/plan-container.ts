import { artifactFile, imageTag } from '@kiln/contract'
import type { ResolvedImage } from '../resolve/resolve.ts'
import type { InputsOf, Step } from './step.ts'
import { stepId } from './step-id.ts'

type ContainerInput = Exclude<InputsOf<'oci'>, 'image-layers'>

/** The image layout, and what of it outlives a version: the packages as layers. */
export function planContainer(
  image: ResolvedImage,
  inputs: Readonly<Record<ContainerInput, string>>,
): Step[] {
  const { identity, compression, root } = image
  const { packages, convert, payload, toolchain } = inputs
  const layers = stepId(image, 'image-layers')
  return [
    {
      id: layers,
      kind: 'image-layers',
      title: 'image layers',
      params: { compression },
      inputs: { packages, toolchain },
    },
    {
      id: stepId(image, 'oci'),
      kind: 'oci',
      title: 'container image',
      params: {
        file: artifactFile(identity, 'oci'),
        tag: imageTag(identity),
        arch: identity.arch,
        compression,
        epoch: root.all.epoch,
      },
      inputs: {
        ...{ packages, convert, payload, toolchain },
        ...{ 'image-layers': layers, 'root-image': inputs['root-image'] },
      },
    },
  ]
}

import { artifactFile, artifactName, type DocumentArtifact } from '@kiln/contract'
import type { ResolvedImage } from '../resolve/resolve.ts'
import type { Step, StepOf } from './step.ts'
import { stepId } from './step-id.ts'

type InventoryInputs = Omit<StepOf<'inventory'>['inputs'], 'validate'>

/** The steps that make a document about an image: all of them tell of one inventory. @param builder version of Kiln */
export function planDocument(
  format: DocumentArtifact,
  image: ResolvedImage,
  { builder, inputs }: { readonly builder: string; readonly inputs: InventoryInputs },
): readonly Step[] {
  const inventory = stepId(image, 'inventory')
  return [
    {
      id: inventory,
      kind: 'inventory',
      title: 'inventory',
      params: {},
      inputs: { ...inputs, validate: stepId(image, 'validate') },
    },
    {
      id: stepId(image, format),
      kind: 'document',
      title: titles[format],
      params: {
        file: artifactFile(image.identity, format),
        format,
        name: artifactName(image.identity, ''),
        builder,
        epoch: image.root.all.epoch,
      },
      inputs: { inventory },
    },
  ]
}

const titles: Readonly<Record<DocumentArtifact, string>> = {
  spdx: 'SBOM (SPDX)',
  cyclonedx: 'SBOM (CycloneDX)',
  provenance: 'provenance',
}

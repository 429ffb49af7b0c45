import { hexOf } from '../resolve/digest.ts'
import type { Inventory, InventoryPackage } from './inventory.ts'
import { genericUrl, packageUrl } from './purl.ts'
import type { DocumentFacts } from './spdx.ts'

type Element = Readonly<Record<string, unknown>>

/**
 * How an image was made, as the predicate of a SLSA provenance (version 1): what was asked for, what went in, by whom. It has no
 * times and no place, so that two builders of one image write the same; who signs it says who built.
 */
export function provenanceDocument(inventory: Inventory, { builder, name }: DocumentFacts): Element {
  const { payload, payloadDigest, packages } = inventory
  const { cmdline, agent, image } = payload
  return {
    buildDefinition: {
      buildType: 'https://kiln.dev/build/v1',
      externalParameters: { image: { ...image, file: name }, cmdline },
      internalParameters: { payload: payloadDigest },
      resolvedDependencies: [
        ...packages.flatMap((each) => dependency(each, inventory)),
        {
          uri: genericUrl('kiln-agent', agent.version),
          digest: { sha256: hexOf(agent.digest) },
        },
      ],
    },
    runDetails: {
      builder: { id: genericUrl('kiln', builder.replace(/^v/, '')), version: { kiln: builder } },
    },
  }
}

function dependency(each: InventoryPackage, { payload }: Inventory): Element[] {
  if (each.sha256 === undefined) return []
  const annotations = each.file ? { annotations: { file: each.file } } : {}
  return [{ uri: packageUrl(each, payload.image), digest: { sha256: each.sha256 }, ...annotations }]
}

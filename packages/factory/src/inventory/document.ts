import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finishArtifact } from '../carriers/finish-artifact.ts'
import type { DocumentParams } from '../plan/step.ts'
import type { Executors } from '../run/engine.ts'
import { cycloneDxDocument } from './cyclonedx.ts'
import { readInventory } from './gather.ts'
import type { Inventory } from './inventory.ts'
import { provenanceDocument } from './provenance.ts'
import { type DocumentFacts, spdxDocument } from './spdx.ts'

const documents: Readonly<
  Record<DocumentParams['format'], (inventory: Inventory, facts: DocumentFacts) => object>
> = { spdx: spdxDocument, cyclonedx: cycloneDxDocument, provenance: provenanceDocument }

/** Writes what the inventory of an image tells, in the form of a standard. */
export const makeDocument: Executors['document'] = async ({ params }, context) => {
  const { format, file, name, builder, epoch } = params
  const inventory = await readInventory(context.inputs.inventory.folder)
  const document = documents[format](inventory, { name, builder, epoch })
  await writeFile(join(context.out, file), `${JSON.stringify(document)}\n`)
  return finishArtifact(context.out, file)
}

import { KilnError, ociTypes } from '@kiln/contract'
import { mergeIndexes } from '../carriers/oci/documents.ts'
import { type LayoutIndex, readBlobDocument, readLayoutIndex } from '../layout/read.ts'
import type { ImageLayout } from '../registry/push.ts'
import { addLayout, named, openBundle } from './bundle-layout.ts'

/** Makes one layout with one tag of several, each of which has one index. @param folder new */
export async function joinLayouts(
  layouts: readonly [ImageLayout, ...ImageLayout[]],
  folder: string,
): Promise<ImageLayout> {
  const bundle = await openBundle(folder)
  const indexes: LayoutIndex[] = []
  for (const layout of layouts) {
    await addLayout(bundle, layout.folder)
    indexes.push(await indexOf(layout.folder))
  }
  const [first, ...others] = indexes
  if (!first) throw new KilnError('E-BUG', 'no index to join')
  const { digest, size } = await bundle.putText(JSON.stringify(mergeIndexes([first, ...others])))
  const tag = layouts[0].tag
  await bundle.finish([named({ mediaType: ociTypes.index, digest, size }, tag, tag)])
  return { folder, tag, digest }
}

async function indexOf(layout: string): Promise<LayoutIndex> {
  const [top] = (await readLayoutIndex(layout)).manifests
  const document = top && (await readBlobDocument(layout, top))
  if (document && 'index' in document) return document.index
  throw new KilnError('E-LAYOUT-INVALID', `${layout} has no index`)
}

import type { BundlesConfig } from '@kiln/contract/cloud-config/schema/blocks/bundles'
import type { OperationOf } from '../operations/operation.ts'

/** One operation for each target, in their order. */
export function planBundles(bundles: BundlesConfig): OperationOf<'bundle'>[] {
  return bundles.flatMap(({ targets, rootfs_path: folder = '/', local_file: isFile = false }) =>
    targets.map((target): OperationOf<'bundle'> => ({ kind: 'bundle', target, folder, isFile })),
  )
}

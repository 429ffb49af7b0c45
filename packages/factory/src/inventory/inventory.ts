import type { Payload } from '@kiln/contract'

/** A package of the distribution: in the root, or of the tools where parts of it are in the initramfs or the boot loaders. */
export interface InventoryPackage {
  /** `bash_5.2.37-2_amd64`: unique in an inventory. */
  readonly key: string
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Of the package file, 64 hex digits; missing for what did not come from the lock. */
  readonly sha256?: string
  /** Name of the package file. */
  readonly file?: string
  readonly source: { readonly name: string; readonly version: string }
  /** Who maintains it: `Name <address>`. */
  readonly supplier?: string
  readonly homepage?: string
  /** SPDX licence expression of all of its files; missing where the package says it in prose alone. */
  readonly licence?: string
}

/** A regular file. Hashes are hex digits; SPDX 2.3 wants SHA-1 for each file. */
export interface InventoryFile {
  /** Absolute, in the root or in the initramfs. */
  readonly path: string
  readonly sha1: string
  readonly sha256: string
  /** Key of the package that it came with; missing for what Kiln or the user added. */
  readonly owner?: string
}

/** Everything that an image is made of. What an SBOM says is in here, whatever its format. */
export interface Inventory {
  readonly schema: 'kiln.inventory/v1'
  readonly payload: Payload
  /** `sha256:<64 hex digits>` of payload.json. */
  readonly payloadDigest: string
  readonly packages: readonly InventoryPackage[]
  /** Keys of packages that are installed in the root. */
  readonly inRoot: readonly string[]
  /** Keys of packages that the boot loaders are made of. */
  readonly inBootLoaders: readonly string[]
  /** Files of the root image. */
  readonly root: readonly InventoryFile[]
  /** Files that are really in the initramfs, as it was packed. */
  readonly initramfs: readonly InventoryFile[]
  /** `LicenseRef-…` → its name in the distribution, and its text where a package has it. */
  readonly licenceRefs: Readonly<Record<string, { readonly name: string; readonly text?: string }>>
}

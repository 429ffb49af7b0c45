import { hexOf } from '../resolve/digest.ts'
import type { Inventory } from './inventory.ts'
import { genericUrl } from './purl.ts'

/** A part of a payload that is no package of the distribution. */
export interface Part {
  readonly kind: 'root-image' | 'uki' | 'kernel' | 'initramfs' | 'boot-loaders' | 'boot-loader' | 'agent'
  readonly name: string
  readonly version?: string
  readonly file?: string
  /** SHA-256, 64 hex digits. */
  readonly digest?: string
  /** Package URL. */
  readonly url?: string
  /** The part that it is in. Default: the image itself. */
  readonly within?: Part['kind']
}

/** The parts of an image, outer ones first. */
export function partsOf({ payload }: Inventory): Part[] {
  const { root, uki, kernel, initramfs, bootLoader, agent } = payload
  const file = ({ file: name, digest }: { readonly file: string; readonly digest: string }) => ({
    file: name,
    digest: hexOf(digest),
  })
  return [
    { kind: 'root-image', name: 'root image', ...file(root) },
    { kind: 'uki', name: 'unified kernel image', ...file(uki) },
    { kind: 'kernel', name: 'kernel', version: kernel.version, ...file(kernel), within: 'uki' },
    { kind: 'initramfs', name: 'initramfs', ...file(initramfs), within: 'uki' },
    { kind: 'boot-loaders', name: 'boot loaders', version: bootLoader.version },
    ...bootLoader.files.map(
      (each): Part => ({ kind: 'boot-loader', name: each.file, ...file(each), within: 'boot-loaders' }),
    ),
    {
      kind: 'agent',
      name: 'kiln-agent',
      version: agent.version,
      digest: hexOf(agent.digest),
      url: genericUrl('kiln-agent', agent.version),
      within: 'root-image',
    },
  ]
}

/** Keys of the packages that the kernel is from. */
export function kernelPackages({ packages, inRoot }: Inventory): string[] {
  const installed = new Set(inRoot)
  return packages.flatMap(({ key, name }) =>
    name.startsWith('linux-image-') && installed.has(key) ? key : [],
  )
}

import type { Host } from '../host/host.ts'
import { listIfThere, statIfThere } from '../host/tree.ts'

/** A folder with cloud-configs, or a single file, whatever its name. */
export interface SourceFolder {
  readonly path: string
  /** Also the folders below it. The live medium holds much else. */
  readonly recursive: boolean
}

/**
 * Where cloud-configs are, in the order in which they act: the image, the live medium, the machine, the user.
 * @param root what stands before the paths of the image, e.g. `/sysroot`
 */
export function sourcesOf(root: string): SourceFolder[] {
  return [
    { path: `${root}/system/oem`, recursive: true },
    // The same outside and inside of the root.
    { path: '/run/initramfs/live', recursive: false },
    { path: `${root}/etc/kairos`, recursive: true },
    { path: `${root}/oem`, recursive: true },
    { path: `${root}/usr/local/cloud-config`, recursive: true },
  ]
}

const largestFile = 1024 * 1024

/** The files with a cloud-config's ending, in the order of their names. Larger ones than 1 MiB are none. */
export function configFiles(host: Host, folder: SourceFolder): string[] {
  const itself = statIfThere(host, folder.path)
  if (itself?.type === 'file') return itself.size <= largestFile ? [folder.path] : []
  return listIfThere(host, folder.path).flatMap((name) => {
    const path = `${folder.path}/${name}`
    const stat = statIfThere(host, path)
    if (stat?.type === 'directory' && folder.recursive) return configFiles(host, { path, recursive: true })
    const isConfig = /\.ya?ml$/.test(name) && stat?.type === 'file' && stat.size <= largestFile
    return isConfig ? [path] : []
  })
}

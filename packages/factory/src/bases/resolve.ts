import { mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Architecture, KilnError } from '@kiln/contract'
import { treeDigest as folderDigest, prefixedFileDigest } from '../resolve/digest.ts'
import { removeTree } from '../run/remove-tree.ts'
import { treeDigest } from '../tools/tar-digest.ts'
import type { ContainerTools } from './container-tools.ts'
import { type ContainerBuilder, findContainerBuilder } from './containerfile.ts'
import { imageDigest } from './image.ts'
import { type RegistryAccess, registryAccess } from './registry-access.ts'
import type { ImportedSource } from './source.ts'

/** A base with its digest: plain data for the parameters of a step. `sha256:<64 hex digits>` throughout. */
export type ResolvedBase = ImportedSource & {
  /**
   * `oci`, `oci-layout`, `docker-archive`: of the manifest for the architecture. `tar`: of the file. `dir`: of contents
   * and metadata, times left out. `containerfile`: of its folder alone, so it does not tell everything.
   */
  readonly digest: string
  /** Whether the digest decides the result. What a Containerfile fetches is not known before it runs. */
  readonly tracked: boolean
  /** For a Containerfile: who builds it. */
  readonly builder?: ContainerBuilder
}

export interface ResolveBaseOptions {
  readonly arch: Architecture
  readonly signal: AbortSignal
  /** Asked for only where an image has to be looked at: `oci`, `oci-layout`, `docker-archive`. */
  readonly tools: () => Promise<ContainerTools>
  /** Default: from the environment; see {@link registryAccess}. */
  readonly access?: RegistryAccess
}

/**
 * Says exactly which base is meant now. Fetches manifests only, no layers.
 * @throws KilnError E-BASE-MISSING, E-BASE-MISMATCH, E-BASE-UNKNOWN, E-REGISTRY-*, E-TOOL-MISSING, E-PERMISSION
 */
export async function resolveBase(
  source: ImportedSource,
  options: ResolveBaseOptions,
): Promise<ResolvedBase> {
  switch (source.kind) {
    case 'oci':
      return resolveImage(source, options)
    case 'oci-layout':
      await requireKind(join(source.folder, 'index.json'), 'file')
      return resolveImage(source, options)
    case 'docker-archive':
      await requireKind(source.file, 'file')
      return resolveImage(source, options)
    case 'tar':
      await requireKind(source.file, 'file')
      return { ...source, digest: await prefixedFileDigest(source.file), tracked: true }
    case 'dir':
      await requireKind(source.folder, 'folder')
      await requireOwnRoot(source.folder)
      return { ...source, digest: `sha256:${await treeDigest(source.folder, options.signal)}`, tracked: true }
    case 'containerfile': {
      await requireKind(source.file, 'file')
      const builder = await findContainerBuilder(options.signal)
      return { ...source, digest: `sha256:${await folderDigest(source.folder)}`, tracked: false, builder }
    }
  }
}

type ImageBase = Extract<ImportedSource, { readonly kind: 'oci' | 'oci-layout' | 'docker-archive' }>

async function resolveImage(source: ImageBase, options: ResolveBaseOptions): Promise<ResolvedBase> {
  const { arch, signal } = options
  const access = options.access ?? accessFor(source)
  const tools = await options.tools()
  const scratch = await mkdtemp(join(tmpdir(), 'kiln-base-'))
  try {
    return {
      ...source,
      digest: await imageDigest(source, { tools, access, arch, scratch, signal }),
      tracked: true,
    }
  } finally {
    await removeTree(scratch)
  }
}

export function accessFor(source: ImportedSource): RegistryAccess {
  return registryAccess(process.env, source.kind === 'oci' ? source.reference : undefined)
}

async function requireKind(path: string, kind: 'file' | 'folder'): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new KilnError('E-PERMISSION', `${path} cannot be read`, { cause: error })
  })
  if (kind === 'file' ? found?.isFile() : found?.isDirectory()) return
  const message = found ? `${path} is no ${kind}` : `there is no ${path}`
  throw new KilnError('E-BASE-MISSING', message, { hint: 'mend "base" in kiln.yaml' })
}

/** In the sandbox of an ordinary user, nobody else's files can keep their owners. */
async function requireOwnRoot(folder: string): Promise<void> {
  const uid = process.getuid?.() ?? 0
  const { uid: owner } = await stat(folder)
  if (uid === 0 || owner === uid) return
  throw new KilnError('E-PERMISSION', `${folder} belongs to the user ${owner}; its owners would be lost`, {
    hint: 'build as root, or pack the folder and write tar:<file>',
  })
}

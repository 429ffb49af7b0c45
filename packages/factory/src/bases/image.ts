import { existsSync } from 'node:fs'
import type { Architecture } from '@kiln/contract'
import { sha256Digest } from '../resolve/digest.ts'
import type { Mount } from '../sandbox/sandbox.ts'
import { copyArguments, inspectArguments, pullArguments } from '../tools/skopeo.ts'
import { accessInside, type ContainerTools, runSkopeo, workFolder } from './container-tools.ts'
import { checkArchitecture, chooseManifest, parseManifest } from './manifest.ts'
import type { RegistryAccess } from './registry-access.ts'
import type { ImportedSource } from './source.ts'

/** Bases that are images: layers with a manifest. `oci-archive` is what builders of Containerfiles write. */
export type ImageSource =
  | Extract<ImportedSource, { readonly kind: 'oci' | 'oci-layout' | 'docker-archive' }>
  | { readonly kind: 'oci-archive'; readonly file: string }

export interface ImageOptions {
  readonly tools: ContainerTools
  readonly access: RegistryAccess
  readonly arch: Architecture
  readonly scratch: string
  readonly signal: AbortSignal
  readonly onLine?: (line: string) => void
}

/**
 * Digest of the image's manifest for the wanted architecture: `sha256:<hex>`. Layers are not fetched.
 * @throws KilnError E-BASE-MISSING, E-BASE-MISMATCH, E-REGISTRY-*, E-BASE-UNKNOWN
 */
export async function imageDigest(source: ImageSource, options: ImageOptions): Promise<string> {
  const top = await inspectImage('manifest', source, options)
  const manifest = parseManifest(top)
  if ('manifests' in manifest) return chooseManifest(manifest, options.arch)
  const digest = sha256Digest(top)
  checkArchitecture(await inspectImage('config', source, options, digest), options.arch)
  return digest
}

/** Fetches an image into a new folder `target`: plain layers beside a manifest.json. See {@link copyArguments}. */
export async function fetchImage(
  source: ImageSource,
  digest: string,
  target: string,
  options: ImageOptions,
): Promise<void> {
  const { mounts, ...rest } = skopeoRun(source, options)
  const name = skopeoName(source, digest)
  const arguments_ = copyArguments({ ...rest.skopeo, source: name }, `${workFolder}/image`)
  const image: Mount = { kind: 'bind', source: target, target: `${workFolder}/image` }
  await runSkopeo(arguments_, { ...rest.run, mounts: [...mounts, image] })
}

/** Fetches what a manifest names into a new folder `target`: each blob as it is, by its digest. */
export async function fetchBlobs(
  source: ImageSource,
  digest: string,
  target: string,
  options: ImageOptions,
): Promise<void> {
  const { mounts, ...rest } = skopeoRun(source, options)
  const image: Mount = { kind: 'bind', source: target, target: `${workFolder}/image` }
  const words = { ...rest.skopeo, source: skopeoName(source, digest) }
  await runSkopeo(pullArguments(words, `${workFolder}/image`), { ...rest.run, mounts: [...mounts, image] })
}

/** A manifest as it is stored, or the configuration of an image. */
export async function inspectImage(
  what: 'manifest' | 'config',
  source: ImageSource,
  options: ImageOptions,
  digest?: string,
): Promise<string> {
  const { mounts, skopeo, run } = skopeoRun(source, options)
  const name = skopeoName(source, digest)
  const { stdout } = await runSkopeo(inspectArguments(what, { ...skopeo, source: name }), {
    ...run,
    onLine: () => {},
    mounts,
  })
  return stdout
}

function skopeoRun(source: ImageSource, options: ImageOptions) {
  const { tools, access, arch, scratch, signal, onLine } = options
  const shared = { tools, access, scratch, signal, ...(onLine ? { onLine } : {}) }
  return {
    mounts: sourceMounts(source),
    skopeo: { arch, access: accessInside(access), temporary: `${workFolder}/tmp` },
    run: { ...shared, network: source.kind === 'oci', what: sourceName(source) },
  }
}

/** @param digest names an image in a registry exactly; what lies in files has no other name */
export function skopeoName(source: ImageSource, digest?: string): string {
  if (source.kind === 'oci') {
    const [plain = '', own] = source.reference.split('@')
    // skopeo takes a tag or a digest. Where both stand, the digest says more.
    const exact = digest ?? own
    return `docker://${exact === undefined ? plain : `${nameOf(source.reference)}@${exact}`}`
  }
  if (source.kind === 'oci-layout') {
    return `oci:${workFolder}/source${source.tag === undefined ? '' : `:${source.tag}`}`
  }
  return `${source.kind}:${workFolder}/source.tar`
}

/** A reference without tag and digest. */
export function nameOf(reference: string): string {
  return (reference.split('@')[0] ?? '').replace(/:[^:/]*$/, '')
}

function sourceMounts(source: ImageSource): Mount[] {
  if (source.kind === 'oci-layout')
    return [{ kind: 'bind-ro', source: source.folder, target: `${workFolder}/source` }]
  if (source.kind !== 'oci')
    return [{ kind: 'file-ro', source: source.file, target: `${workFolder}/source.tar` }]
  return ['/etc/resolv.conf', '/etc/hosts']
    .filter((file) => existsSync(file))
    .map((file) => ({ kind: 'file-ro', source: file, target: `${workFolder}${file}` }))
}

/** As errors name it. */
export function sourceName(source: ImageSource): string {
  if (source.kind === 'oci') return source.reference
  if (source.kind === 'oci-layout')
    return source.tag === undefined ? source.folder : `${source.folder}:${source.tag}`
  return source.file
}

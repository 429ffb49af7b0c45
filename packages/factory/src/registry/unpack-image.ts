import { existsSync } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rename, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Architecture, KilnError, ociAnnotations } from '@kiln/contract'
import type { ContainerTools } from '../bases/container-tools.ts'
import {
  fetchBlobs,
  fetchImage,
  type ImageOptions,
  type ImageSource,
  inspectImage,
  sourceName,
} from '../bases/image.ts'
import { chooseManifest, type ImageManifest, parseManifest } from '../bases/manifest.ts'
import { type RegistryAccess, registryAccess } from '../bases/registry-access.ts'
import { unpackRoot } from '../bases/unpack.ts'
import { sha256Digest } from '../resolve/digest.ts'
import { locateInRoot } from '../rootfs/read-root.ts'
import { removeTree } from '../run/remove-tree.ts'
import { copyHoles } from '../tools/cp.ts'
import { runtimeFolders } from '../tools/tar.ts'
import { asStep } from './as-step.ts'
import { translated } from './errors.ts'
import { registryTools, type ToolOptions } from './tools.ts'
import { unpackSource } from './unpack-source.ts'

export interface UnpackImageOptions extends ToolOptions {
  /** Any that `unpackSource` reads. */
  readonly reference: string
  /** New or empty folder; with `file`, where that file goes: a folder, or its new name. */
  readonly out: string
  /** Only this one, by its path in the image. */
  readonly file?: string
  readonly arch: Architecture
  readonly access?: RegistryAccess
}

export interface UnpackedImage {
  readonly reference: string
  /** Of the manifest that was unpacked: `sha256:<64 hex digits>`. */
  readonly digest: string
  /** What was written: the folder, or the file. */
  readonly path: string
  /** Names in the folder itself; of a file its own. */
  readonly names: readonly string[]
}

/**
 * Takes an image apart: a published system into a folder, or what is carried in an image (the `.img` of a board) as a file.
 * @throws KilnError E-USAGE, E-CONFIG-EXISTS, E-IMAGE-MISSING, E-REGISTRY-*, E-LAYOUT-INVALID, E-DISK-FULL, E-PERMISSION
 */
export async function unpackImage(options: UnpackImageOptions): Promise<UnpackedImage> {
  const source = unpackSource(options.reference)
  await requireFree(options)
  const tools = await registryTools(options)
  const name = sourceName(source)
  return asStep(options.emit, `unpack/${name}`, `unpack ${name}`, (line) =>
    unpackWith(source, { ...options, tools, line }),
  )
}

interface WithTools extends UnpackImageOptions {
  readonly tools: ContainerTools
  readonly line: (text: string) => void
}

/** As {@link unpackImage}, with tools that are there. */
export async function unpackWith(source: ImageSource, options: WithTools): Promise<UnpackedImage> {
  const out = resolve(options.out)
  await mkdir(dirname(out), { recursive: true })
  const partial = await mkdtemp(join(dirname(out), '.unpack-'))
  try {
    const { digest, folder } = await fill(source, partial, options)
    const placed = await place(folder, out, options)
    return { reference: sourceName(source), digest, ...placed }
  } catch (error) {
    throw ownWords(error, source)
  } finally {
    await removeTree(partial)
  }
}

async function fill(
  source: ImageSource,
  partial: string,
  options: WithTools,
): Promise<{ readonly digest: string; readonly folder: string }> {
  const { tools, arch, signal, line } = options
  const [scratch, image, target] = ['scratch', 'image', 'root'].map((each) => join(partial, each)) as [
    string,
    string,
    string,
  ]
  for (const folder of [scratch, image]) await mkdir(folder)
  const access =
    options.access ?? registryAccess(process.env, source.kind === 'oci' ? source.reference : undefined)
  const imageOptions: ImageOptions = { tools, access, arch, scratch, signal, onLine: line }
  const { digest, manifest } = await findManifest(source, imageOptions)
  if (manifest && isArtifact(manifest)) {
    await fetchBlobs(source, digest, image, imageOptions)
    await mkdir(target)
    for (const layer of manifest.layers) {
      await rename(join(image, hexOf(layer.digest)), join(target, titleOf(layer)))
    }
    return { digest, folder: target }
  }
  await fetchImage(source, digest, image, imageOptions)
  const plain = parseManifest(await readFile(join(image, 'manifest.json'), 'utf8'))
  if ('manifests' in plain) throw new KilnError('E-BUG', 'skopeo copied a whole index')
  const archives = plain.layers.map((layer) => join(image, hexOf(layer.digest)))
  const what = sourceName(source)
  const progress = () => {}
  await unpackRoot({ tools, kind: 'layers', archives, target, what, scratch, signal, line, progress })
  await settleMountPoints(target)
  return { digest, folder: target }
}

/** The image for the architecture. One that says nothing of several is taken as it is: boards' images are for any. */
async function findManifest(
  source: ImageSource,
  options: ImageOptions,
): Promise<{ readonly digest: string; readonly manifest?: ImageManifest }> {
  const top = await inspectImage('manifest', source, options)
  const parsed = parseManifest(top)
  if (!('manifests' in parsed)) {
    return { digest: sha256Digest(top), manifest: parsed }
  }
  const digest = chooseManifest(parsed, options.arch)
  // What lies in files has no name by its digest. Artifacts are not looked for there.
  if (source.kind !== 'oci') return { digest }
  const manifest = parseManifest(await inspectImage('manifest', source, options, digest))
  if ('manifests' in manifest) throw new KilnError('E-IMAGE-MISSING', 'an index that names an index')
  return { digest, manifest }
}

/** Files, each as it is, with its name beside it: no layers that would be unpacked over each other. */
function isArtifact({ layers }: ImageManifest): boolean {
  return layers.length > 0 && layers.every((layer) => layer.annotations?.[ociAnnotations.title] !== undefined)
}

function titleOf(layer: ImageManifest['layers'][number]): string {
  const title = layer.annotations?.[ociAnnotations.title] ?? ''
  if (/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(title)) return title
  throw new KilnError('E-REGISTRY-REFUSED', 'the image has a file without a proper name')
}

const hexOf = (digest: string) => digest.replace('sha256:', '')

/** What is no system has no use for the empty folders that unpacking needed; in a system they have the modes of every system. */
async function settleMountPoints(root: string): Promise<void> {
  const isSystem = existsSync(join(root, 'etc')) || existsSync(join(root, 'usr'))
  for (const name of runtimeFolders) {
    if (isSystem) await chmod(join(root, name), modes[name])
    else await rmdir(join(root, name)).catch(() => {})
  }
}

const modes: Readonly<Record<(typeof runtimeFolders)[number], number>> = {
  ...{ dev: 0o755, proc: 0o555, run: 0o755, sys: 0o555 },
  tmp: 0o1777,
}

async function place(
  folder: string,
  out: string,
  { file }: WithTools,
): Promise<Pick<UnpackedImage, 'path' | 'names'>> {
  if (file === undefined) {
    await rmdir(out).catch(() => {})
    await rename(folder, out)
    return { path: out, names: (await readdir(out)).sort() }
  }
  const found = locateInRoot(folder, file)
  if (found === undefined || !(await lstat(found)).isFile()) {
    const names = (await readdir(folder)).sort().slice(0, 20)
    throw new KilnError('E-IMAGE-MISSING', `the image has no file ${file}`, {
      hint: `in its root are: ${names.join(', ') || 'none'}`,
    })
  }
  const inFolder = (await lstat(out).catch(() => undefined))?.isDirectory() === true
  const path = inFolder ? join(out, basename(file)) : out
  // Disk images are mostly empty, and tar does not know.
  await copyHoles(found, `${path}.part`)
  await rename(`${path}.part`, path)
  return { path, names: [basename(path)] }
}

/** Before anything is fetched. */
async function requireFree({ out, file }: UnpackImageOptions): Promise<void> {
  const found = await lstat(out).catch(() => undefined)
  if (!found || (file !== undefined && found.isDirectory())) return
  if (file === undefined && found.isDirectory() && (await readdir(out)).length === 0) return
  throw new KilnError('E-CONFIG-EXISTS', `${out} is there already`, {
    hint: file === undefined ? 'name a new or empty folder' : 'name a folder, or another file',
  })
}

/** Errors of the code that imports bases, in words for who has none. */
function ownWords(error: unknown, source: ImageSource): unknown {
  const name = sourceName(source)
  const own = translated(error, name, 'does not give out')
  if (!(own instanceof KilnError) || source.kind === 'oci') return own
  const code = own.code === 'E-REGISTRY-REFUSED' ? 'E-LAYOUT-INVALID' : own.code
  const message = own.code === 'E-REGISTRY-REFUSED' ? `${name} cannot be read as an image` : own.message
  return new KilnError(code, message, { hint: own.hint, output: own.output, cause: own.cause })
}

import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KilnError } from '@kiln/contract'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { layerFolder } from '../rootfs/layers.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { copyTree } from '../tools/cp.ts'
import { treeDigest } from '../tools/tar-digest.ts'
import { type ContainerTools, toolsRoot, workFolder } from './container-tools.ts'
import { buildContainerfile } from './containerfile.ts'
import { checkRoot, type ExpectedRoot } from './identity.ts'
import { fetchImage, type ImageSource, imageDigest, sourceName } from './image.ts'
import { parseManifest } from './manifest.ts'
import type { RegistryAccess } from './registry-access.ts'
import { accessFor, type ResolvedBase } from './resolve.ts'
import { unpackRoot } from './unpack.ts'
import { watchSize } from './watch-size.ts'

export interface ImportParams {
  readonly base: ResolvedBase
  readonly expected: ExpectedRoot
}

/** What an executor is given; see StepContext of run/engine.ts. `toolchain` are the container tools. */
export interface ImportContext {
  readonly inputs: { readonly toolchain: ContainerTools }
  readonly out: string
  readonly scratch: string
  readonly signal: AbortSignal
  readonly line: (text: string) => void
  readonly progress: (done: number, total: number | undefined, unit: 'bytes' | 'items' | 'percent') => void
}

type Importer = (
  step: { readonly params: ImportParams },
  context: ImportContext,
) => Promise<{ facts: Record<string, never> }>

/**
 * Makes an importer. @param access how to reach a registry; asked for when a step runs, since it is no part of the step
 */
export function baseImporter(access: (base: ResolvedBase) => RegistryAccess): Importer {
  return async ({ params }, context) => {
    const root = join(context.out, layerFolder)
    await fillers[params.base.kind](params, { ...context, root, access: () => access(params.base) })
    await tidy(root, baseName(params.base), context)
    checkRoot(root, baseName(params.base), params.expected)
    return { facts: {} }
  }
}

/**
 * Fetches a base that somebody else made and unpacks it to `<out>/layer`. Network only while an image is fetched.
 * @throws KilnError E-BASE-CHANGED where it is not what was resolved, E-BASE-MISMATCH, E-BASE-UNKNOWN, E-BASE-MISSING,
 * E-REGISTRY-*, E-PERMISSION, E-TOOL-*, E-DISK-FULL
 */
export const importBase: Importer = baseImporter(accessFor)

interface FillContext extends ImportContext {
  readonly root: string
  readonly access: () => RegistryAccess
}

type Filler = (params: ImportParams, context: FillContext) => Promise<void>

const fillers: Readonly<Record<ResolvedBase['kind'], Filler>> = {
  oci: fillFromImage,
  'oci-layout': fillFromImage,
  'docker-archive': fillFromImage,
  tar: fillFromTar,
  dir: fillFromFolder,
  containerfile: fillFromContainerfile,
}

async function fillFromImage({ base, expected }: ImportParams, context: FillContext): Promise<void> {
  // The table calls this for images only; the compiler cannot follow that through it.
  const source = base as ImageSource
  // In a registry the digest is the name. Files may have changed since.
  if (source.kind !== 'oci') {
    requireSame(base, await imageDigest(source, imageOptions(context, expected)))
  }
  await fillFromManifest(source, base.digest, expected, context)
}

async function fillFromContainerfile({ base, expected }: ImportParams, context: FillContext): Promise<void> {
  if (base.kind !== 'containerfile' || !base.builder)
    throw new KilnError('E-BUG', 'a Containerfile without a builder')
  const { scratch, signal, line } = context
  const { builder, file, folder } = base
  const { arch } = expected
  const source = await buildContainerfile({ builder, file, folder, arch, scratch, signal, onLine: line })
  const digest = await imageDigest(source, imageOptions(context, expected))
  await fillFromManifest(source, digest, expected, context)
}

async function fillFromManifest(
  source: ImageSource,
  digest: string,
  expected: ExpectedRoot,
  context: FillContext,
): Promise<void> {
  const image = join(context.scratch, 'image')
  await mkdir(image)
  const stopWatching = watchSize(image, (bytes) => context.progress(bytes, undefined, 'bytes'))
  try {
    await fetchImage(source, digest, image, imageOptions(context, expected))
  } finally {
    stopWatching()
  }
  const manifest = parseManifest(await readFile(join(image, 'manifest.json'), 'utf8'))
  if ('manifests' in manifest) throw new KilnError('E-BUG', 'skopeo copied a whole index')
  const archives = manifest.layers.map((layer) => join(image, layer.digest.replace('sha256:', '')))
  await unpackRoot({
    ...unpackOptions(context, sourceName(source)),
    kind: 'layers',
    archives,
  })
}

async function fillFromTar({ base }: ImportParams, context: FillContext): Promise<void> {
  if (base.kind !== 'tar') throw new KilnError('E-BUG', 'no tar file')
  await requireThere(base.file)
  requireSame(base, await prefixedFileDigest(base.file))
  await unpackRoot({ ...unpackOptions(context, base.file), kind: 'tar', archives: [base.file] })
}

/** The copy is compared, not the folder: that may change while it is copied. */
async function fillFromFolder({ base }: ImportParams, context: FillContext): Promise<void> {
  if (base.kind !== 'dir') throw new KilnError('E-BUG', 'no folder')
  await requireThere(base.folder)
  await copyTree(base.folder, context.root, context.signal)
  requireSame(base, `sha256:${await treeDigest(context.root, context.signal)}`)
}

function imageOptions(context: FillContext, { arch }: ExpectedRoot) {
  const { inputs, scratch, signal, line } = context
  return { tools: inputs.toolchain, access: context.access(), arch, scratch, signal, onLine: line }
}

function unpackOptions(context: FillContext, what: string) {
  const { inputs, root, scratch, signal, line, progress } = context
  return { tools: inputs.toolchain, target: root, what, scratch, signal, line, progress }
}

function requireSame(base: ResolvedBase, digest: string): void {
  if (digest === base.digest) return
  throw new KilnError('E-BASE-CHANGED', `${baseName(base)} is not what it was when the build began`, {
    hint: 'run the same command again, and leave the base alone meanwhile',
    output: `was ${base.digest}, is ${digest}`,
  })
}

async function requireThere(path: string): Promise<void> {
  await stat(path).catch((cause: unknown) => {
    throw new KilnError('E-BASE-MISSING', `there is no ${path}`, { cause, hint: 'mend "base" in kiln.yaml' })
  })
}

function baseName(base: ResolvedBase): string {
  if (base.kind === 'oci') return base.reference
  return 'file' in base ? base.file : base.folder
}

const tidyScript = fileURLToPath(new URL('tidy.sh', import.meta.url))

async function tidy(root: string, what: string, context: ImportContext): Promise<void> {
  const sandbox = {
    root: { layers: [toolsRoot(context.inputs.toolchain)] as const },
    mounts: [
      { kind: 'bind', source: root, target: `${workFolder}/root` },
      { kind: 'file-ro', source: tidyScript, target: `${workFolder}/tidy.sh` },
    ] as const,
    scratch: context.scratch,
  }
  const argv = ['sh', `${workFolder}/tidy.sh`, `${workFolder}/root`] as const
  const { code, stdout } = await runInSandbox(sandbox, argv, { signal: context.signal, okCodes: [0, 3] })
  if (code === 0) return
  throw new KilnError('E-BASE-MISMATCH', `${stdout.trim()} is a link in ${what}; it must be a folder`)
}

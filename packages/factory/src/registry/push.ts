import { existsSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  artifactFile,
  diskImageTag,
  diskTag,
  type ImageIdentity,
  imageName,
  imageTag,
  KilnError,
} from '@kiln/contract'
import { accessInside, type ContainerTools, runSkopeo, workFolder } from '../bases/container-tools.ts'
import { type RegistryAccess, registryAccess } from '../bases/registry-access.ts'
import { type Made, type MakeOptions, makeArtifacts } from '../build.ts'
import { joinLayouts } from '../bundle/join.ts'
import type { ResolvedImage } from '../resolve/resolve.ts'
import { removeTree } from '../run/remove-tree.ts'
import type { Mount } from '../sandbox/sandbox.ts'
import { pushArguments } from '../tools/skopeo.ts'
import { asStep } from './as-step.ts'
import { translated } from './errors.ts'
import { pushTargets } from './target.ts'
import { registryTools } from './tools.ts'

export interface PushOptions extends Omit<MakeOptions, 'artifacts' | 'parts'> {
  /** `<registry>/<name>[:<tag>]`; without a tag, each image gets its own. */
  readonly reference: string
  /** Default: from the environment; see {@link registryAccess}. */
  readonly access?: RegistryAccess
}

export interface PushedImage {
  readonly identity: ImageIdentity
  /** With its tag. */
  readonly reference: string
  /** Of the index that the tag names: `sha256:<64 hex digits>`. */
  readonly digest: string
}

export interface PushResult {
  readonly images: readonly PushedImage[]
  readonly ms: number
}

/**
 * Builds what is missing, and puts each image into a registry: the system as a container image, and bound to it the payload; and
 * the disk of a board, where it is among the artifacts, as an image of its own. Blobs that the registry has are not sent again.
 * @throws KilnError E-USAGE, E-REGISTRY-*, and all that a build throws
 */
export async function push(options: PushOptions): Promise<PushResult> {
  const { definition, image = '' } = options
  const wanted = definition.images.map(({ identity }) => identity)
  // Before anything is built.
  pushTargets(
    options.reference,
    wanted.filter((identity) => imageName(identity).includes(image)),
  )
  const withDisks = definition.definition.artifacts.includes('img-oci')
  const artifacts = ['oci', ...(withDisks ? (['img-oci'] as const) : [])] as const
  const { result, ms } = await makeArtifacts({ ...options, artifacts }, async (made) => {
    const targets = pushTargets(
      options.reference,
      made.images.map(({ identity }) => identity),
    )
    const tools = await registryTools(options)
    const pushed: PushedImage[] = []
    const put = (reference: string, layouts: readonly ImageLayout[], images: readonly ResolvedImage[]) =>
      asStep(options.emit, `push/${reference}`, `push ${reference}`, async (line) => {
        const digest = await pushTogether(layouts, reference, { ...options, tools, line })
        pushed.push(...images.map(({ identity }) => ({ identity, reference, digest })))
      })
    for (const reference of new Set(targets)) {
      const images = made.images.filter((_, index) => targets[index] === reference)
      await put(
        reference,
        images.map((image) => layoutOf(image, made)),
        images,
      )
    }
    for (const [index, image] of withDisks ? made.images.entries() : [])
      await put(`${targets[index]}${diskTag}`, [diskLayoutOf(image, made)], [image])
    return pushed
  })
  return { images: result, ms }
}

function layoutOf(image: ResolvedImage, made: Made): ImageLayout {
  const { identity } = image
  const { folder, digest } = made.resultOf(image, 'oci')
  return { folder: join(folder, artifactFile(identity, 'oci')), tag: imageTag(identity), digest }
}

function diskLayoutOf(image: ResolvedImage, made: Made): ImageLayout {
  const { identity } = image
  const { folder, digest } = made.resultOf(image, 'img-oci')
  return { folder: join(folder, artifactFile(identity, 'img-oci')), tag: diskImageTag(identity), digest }
}

/**
 * Pushes one layout as it is, several as one index: each client gets the image for its architecture.
 * @returns the digest of what the tag names then
 */
export async function pushTogether(
  layouts: readonly ImageLayout[],
  reference: string,
  options: TransferOptions,
): Promise<string> {
  const [only, ...others] = layouts
  if (!only) throw new KilnError('E-BUG', 'nothing is to be pushed')
  if (others.length === 0) {
    await pushLayout(only, reference, options)
    return only.digest
  }
  return withScratch(async (scratch) => {
    const joined = await joinLayouts([only, ...others], join(scratch, 'joined'))
    await pushLayout(joined, reference, options)
    return joined.digest
  })
}

export interface ImageLayout {
  readonly folder: string
  readonly tag: string
  /** Of what the tag names. */
  readonly digest: string
}

export interface TransferOptions {
  readonly tools: ContainerTools
  readonly access?: RegistryAccess
  readonly signal: AbortSignal
  readonly line: (text: string) => void
}

/** @throws KilnError E-REGISTRY-* */
export async function pushLayout(
  layout: ImageLayout,
  reference: string,
  options: TransferOptions,
): Promise<void> {
  await withScratch(async (scratch) => {
    const access = options.access ?? registryAccess(process.env, reference)
    const words = {
      source: `oci:${workFolder}/layout:${layout.tag}`,
      arch: 'amd64',
      access: accessInside(access),
      temporary: `${workFolder}/tmp`,
    }
    const mounts: Mount[] = [
      { kind: 'bind-ro', source: layout.folder, target: `${workFolder}/layout` },
      ...machineNames(),
    ]
    await runSkopeo(pushArguments(words, `docker://${reference}`, `${workFolder}/tmp/digest`), {
      ...{ tools: options.tools, access, scratch, mounts, network: true, what: reference },
      ...{ signal: options.signal, onLine: options.line },
    }).catch((error: unknown) => {
      throw translated(error, reference, 'does not take')
    })
    const digest = (await readFile(join(scratch, 'digest'), 'utf8')).trim()
    if (digest === layout.digest) return
    throw new KilnError('E-REGISTRY-REFUSED', `the registry made ${digest} of ${reference}`, {
      hint: 'it has to keep manifests as they are: look for a setting that converts images',
    })
  })
}

/** Names of machines mean in the sandbox what they mean outside. */
export function machineNames(): Mount[] {
  return ['/etc/resolv.conf', '/etc/hosts']
    .filter((file) => existsSync(file))
    .map((file) => ({ kind: 'file-ro', source: file, target: `${workFolder}${file}` }))
}

export async function withScratch<T>(action: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'kiln-transfer-'))
  try {
    return await action(scratch)
  } finally {
    await removeTree(scratch)
  }
}

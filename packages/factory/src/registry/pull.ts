import { mkdir, mkdtemp, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Architecture,
  type ImageReference,
  imageName,
  imageReferenceText,
  KilnError,
  Payload,
  payloadCard,
  type Variant,
} from '@kiln/contract'
import { accessInside, type ContainerTools, runSkopeo, workFolder } from '../bases/container-tools.ts'
import { type RegistryAccess, registryAccess } from '../bases/registry-access.ts'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { removeTree } from '../run/remove-tree.ts'
import type { Mount } from '../sandbox/sandbox.ts'
import { inspectArguments, pullArguments } from '../tools/skopeo.ts'
import { asStep } from './as-step.ts'
import { translated } from './errors.ts'
import { findPayload, type PulledFile } from './payload-manifest.ts'
import { machineNames, withScratch } from './push.ts'
import { readReference } from './target.ts'
import { registryTools, type ToolOptions } from './tools.ts'

export interface PullOptions extends ToolOptions {
  readonly reference: string
  /** Folder that gets a folder with the payload. */
  readonly out: string
  /** Which one, where there are several. */
  readonly arch?: string
  readonly access?: RegistryAccess
}

export interface PullResult {
  /** With the digest of the payload's manifest. */
  readonly reference: string
  /** Of payload.json. */
  readonly digest: string
  readonly folder: string
  readonly files: readonly PulledFile[]
}

/**
 * Gets the payload of an image out of a registry, as files.
 * @throws KilnError E-USAGE, E-IMAGE-MISSING, E-PAYLOAD-MISSING, E-PAYLOAD-DAMAGED, E-REGISTRY-*
 */
export async function pull(options: PullOptions): Promise<PullResult> {
  const reference = readReference(options.reference)
  const tools = await registryTools(options)
  const text = imageReferenceText(reference)
  return asStep(options.emit, `pull/${text}`, `pull ${text}`, (line) =>
    pullPayload(reference, { ...options, tools, line }),
  )
}

type PayloadOptions = Pick<PullOptions, 'out' | 'arch' | 'access' | 'signal'> & {
  readonly tools: ContainerTools
  readonly line: (text: string) => void
}

/** As {@link pull}, with tools that are there. */
export async function pullPayload(reference: ImageReference, options: PayloadOptions): Promise<PullResult> {
  await mkdir(options.out, { recursive: true })
  const partial = await mkdtemp(join(options.out, '.pull-'))
  try {
    const { digest, files } = await fetchPayload(reference, partial, options)
    const folder = await putInPlace(partial, files, options.out, imageReferenceText(reference))
    const card = files.find(({ file }) => file === payloadCard)
    const exact = imageReferenceText({ ...reference, tag: undefined, digest })
    return { reference: exact, digest: card?.digest ?? '', folder, files }
  } finally {
    await removeTree(partial)
  }
}

/** Blobs by their digests, in `target`; skopeo compares each with its digest. */
async function fetchPayload(
  reference: ImageReference,
  target: string,
  options: PayloadOptions,
): Promise<{ digest: string; files: readonly PulledFile[] }> {
  const shown = imageReferenceText(reference)
  const exact = (digest: string) => imageReferenceText({ ...reference, tag: undefined, digest })
  // skopeo takes a tag or a digest; the digest says more.
  const first = reference.digest === undefined ? shown : exact(reference.digest)
  return withScratch(async (scratch) => {
    const skopeo = registryReader(scratch, target, options)
    const top = await skopeo.manifest(first)
    const found = findPayload(top, shown, options.arch)
    if (found.kind === 'payload' && reference.digest !== undefined) {
      await skopeo.copy(first)
      return { digest: reference.digest, files: found.files }
    }
    if (found.kind === 'payload') {
      throw new KilnError('E-PAYLOAD-MISSING', `${shown} is a payload without its image`)
    }
    const payload = findPayload(await skopeo.manifest(exact(found.digest)), shown, options.arch)
    if (payload.kind !== 'payload') {
      throw new KilnError('E-PAYLOAD-DAMAGED', `the payload of ${shown} is an index`)
    }
    await skopeo.copy(exact(found.digest))
    return { digest: found.digest, files: payload.files }
  })
}

function registryReader(scratch: string, target: string, options: PayloadOptions) {
  const run = async (name: string, kind: 'manifest' | 'copy') => {
    const access = options.access ?? registryAccess(process.env, name)
    const words = {
      source: `docker://${name}`,
      arch: 'amd64',
      access: accessInside(access),
      temporary: `${workFolder}/tmp`,
    }
    const isCopy = kind === 'copy'
    const mounts: Mount[] = [
      ...machineNames(),
      { kind: 'bind', source: target, target: `${workFolder}/image` },
    ]
    const argv = isCopy ? pullArguments(words, `${workFolder}/image`) : inspectArguments('manifest', words)
    const { stdout } = await runSkopeo(argv, {
      ...{ tools: options.tools, access, scratch, mounts, network: true, what: name },
      ...{ signal: options.signal, onLine: isCopy ? options.line : () => {} },
    }).catch((error: unknown) => {
      throw translated(error, name, 'does not give out')
    })
    return stdout
  }
  return { manifest: (name: string) => run(name, 'manifest'), copy: (name: string) => run(name, 'copy') }
}

/** Gives blobs their names, once they are known to be what the card says; the card itself comes last. */
async function putInPlace(
  blobs: string,
  files: readonly PulledFile[],
  out: string,
  reference: string,
): Promise<string> {
  const blob = ({ digest }: PulledFile) => join(blobs, digest.replace('sha256:', ''))
  const card = files.find(({ file }) => file === payloadCard)
  if (!card) throw new KilnError('E-PAYLOAD-DAMAGED', `the payload of ${reference} has no ${payloadCard}`)
  const payload = Payload.safeParse(JSON.parse(await readFile(blob(card), 'utf8')))
  if (!payload.success) {
    throw new KilnError('E-PAYLOAD-DAMAGED', `the ${payloadCard} of ${reference} has another form`)
  }
  const { image, uki, kernel, initramfs, packages, bootLoader, root } = payload.data
  for (const { file, digest } of [uki, kernel, initramfs, packages, ...bootLoader.files, root]) {
    const found = files.find((pulled) => pulled.file === file)
    if (found?.digest === digest && (await prefixedFileDigest(blob(found))) === digest) continue
    throw new KilnError('E-PAYLOAD-DAMAGED', `${file} of ${reference} is not what its ${payloadCard} names`)
  }
  const identity = { ...image, arch: image.arch as Architecture, variant: image.variant as Variant }
  const folder = join(out, imageName(identity))
  await mkdir(folder, { recursive: true })
  for (const file of [...files.filter((other) => other !== card), card]) {
    await rename(blob(file), join(folder, file.file))
  }
  return folder
}

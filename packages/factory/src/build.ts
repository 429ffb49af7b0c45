import { mkdir, statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type ArtifactKind, artifactFile, type ImageIdentity, imageName, KilnError } from '@kiln/contract'
import type { LoadedDefinition } from './definition/load.ts'
import { withPlace } from './definition/places.ts'
import { type Delivery, openDelivery } from './deliver.ts'
import type { Emit } from './events.ts'
import { makeTools } from './make-tools.ts'
import { planBuild as makePlan } from './plan/plan.ts'
import type { Plan, StepKinds } from './plan/step.ts'
import { stepId } from './plan/step-id.ts'
import { keepLock } from './resolve/keep-lock.ts'
import {
  lockFile,
  type ResolvedBuild,
  type ResolvedImage,
  resolveBuild,
  type ToolRoot,
} from './resolve/resolve.ts'
import { type RunReport, runPlan } from './run/engine.ts'
import { makeExecutors } from './run/executors.ts'
import { openStore, type StoredResult, sweepDrafts } from './run/store.ts'
import { requireKeys } from './secure-boot/require-keys.ts'
import { kilnVersion } from './version.ts'

export interface BuildOptions {
  readonly definition: LoadedDefinition
  /** Folder for the results; made where it is missing. */
  readonly out: string
  readonly cacheFolder: string
  /** Cloud-config that takes the place of the definition's. */
  readonly cloudConfig?: string
  /** Build only images whose name contains this text. */
  readonly image?: string
  readonly rebuild: boolean
  /** Put each image's payload into a folder below `out`, too: what a node runs, as files. */
  readonly payload?: boolean
  /** Refuse to build where the lock is missing or does not fit the definition, instead of resolving anew. */
  readonly frozen?: boolean
  /** Where package files are kept. Default: in the cache. */
  readonly poolFolder?: string
  /** Opens the private keys for Secure Boot, where they are encrypted. */
  readonly keysPassword?: string | undefined
  readonly emit: Emit
  readonly signal: AbortSignal
}

export interface BuiltArtifact {
  readonly kind: ArtifactKind
  readonly path: string
  /** `sha256:<64 hex digits>` */
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

export interface BuiltImage {
  readonly identity: ImageIdentity
  /** The folder is there where it was asked for. */
  readonly payload: {
    readonly folder?: string
    readonly digest: string
    /** Of the same payload before it was signed: equal whoever signs, for who has no keys. */
    readonly unsignedDigest?: string
  }
  readonly artifacts: readonly BuiltArtifact[]
}

export interface BuildResult {
  readonly images: readonly BuiltImage[]
  readonly built: number
  readonly reused: number
  /** Content key of the toolchain that was used. */
  readonly toolchain: string
  readonly ms: number
}

type PlanOptions = Omit<MakeOptions, 'rebuild'> & { readonly renewLock?: boolean }

/** For who takes results from the store itself. */
export interface MakeOptions extends Omit<BuildOptions, 'out' | 'payload'> {
  /** What to make of each image. Default: what the definition says. */
  readonly artifacts?: readonly ArtifactKind[]
  /** Steps of each image whose results are taken, beside its artifacts. */
  readonly parts?: readonly string[]
}

export interface Made {
  readonly images: readonly ResolvedImage[]
  readonly artifacts: readonly ArtifactKind[]
  /** Whether they are signed. */
  readonly secureBoot: boolean
  /** The result of a step of an image, by the end of its id: `payload`. */
  resultOf(image: ResolvedImage, what: string): StoredResult
}

/** What a build would do, without doing it. Asks the archive for its state. */
export async function planBuild(options: PlanOptions): Promise<{ build: ResolvedBuild; plan: Plan }> {
  const {
    definition,
    image,
    cloudConfig,
    cacheFolder,
    renewLock = false,
    frozen = false,
    signal,
    emit,
  } = options
  const images = definition.images.filter(({ identity }) => imageName(identity).includes(image ?? ''))
  if (images.length === 0) {
    const names = definition.images.map(({ identity }) => imageName(identity))
    throw new KilnError('E-USAGE', `no image is called "${image}"`, {
      hint: `there are: ${names.join(', ')}`,
    })
  }
  const onResolve = (set: string, why: string) =>
    emit({ event: 'notice', level: 'info', message: `resolves the packages of ${set}: ${why}` })
  const inputs = {
    definition,
    images,
    cloudConfig,
    kilnVersion,
    cacheFolder,
    renewLock,
    frozen,
    signal,
    onResolve,
    // A registry has to be asked what is there now.
    makeTools: (root: ToolRoot) => makeTools('container-tools', root, options),
  }
  const build = await resolveBuild(inputs).catch((error: unknown) => {
    throw withPlace(error, definition)
  })
  return { build, plan: makePlan(build, artifactsOf(options)) }
}

/** Bytes that came over the network in this build. */
function downloadedBytes(plan: Plan, { results, made }: RunReport): number {
  return plan.steps
    .filter(({ kind, id }) => kind === 'repository' && made.has(id))
    .map(({ id }) => results.get(id)?.facts as StepKinds['repository']['facts'] | undefined)
    .reduce((sum, facts) => sum + (facts?.loaded ?? 0), 0)
}

/** Resolves all sets of all images anew and writes the lock. @returns whether it changed */
export async function renewSets(
  options: Omit<PlanOptions, 'image'>,
): Promise<{ file: string; changed: boolean }> {
  const { build } = await planBuild({ ...options, renewLock: true })
  const changed = await keepLock(options.definition, build.lock, { prune: true })
  return { file: lockFile(options.definition), changed }
}

function artifactsOf({ artifacts, definition }: PlanOptions): readonly ArtifactKind[] {
  return artifacts ?? definition.definition.artifacts
}

/** Builds all images and artifacts of a definition, and puts the artifacts into `out`. */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const parts = options.payload ? payloadParts : []
  const { result, ...numbers } = await makeArtifacts({ ...options, parts }, async (made) => {
    const delivery = openDelivery(options.cacheFolder)
    const images: BuiltImage[] = []
    for (const image of made.images) images.push(await deliverImage(image, made, delivery, options))
    await delivery.finish()
    return images
  })
  return { images: result, ...numbers }
}

/** Makes artifacts of all images. @param use takes them from the store; nothing of them can be pruned meanwhile */
export async function makeArtifacts<T>(
  options: MakeOptions,
  use: (made: Made) => Promise<T>,
): Promise<Omit<BuildResult, 'images'> & { readonly result: T }> {
  const started = performance.now()
  const { emit, signal, cacheFolder, rebuild, poolFolder = join(cacheFolder, 'pool') } = options
  // Modes of files that tools make are part of the result, so the user's own mask must not be.
  process.umask(0o022)
  await mkdir(cacheFolder, { recursive: true })
  await requireSpace(cacheFolder)
  await sweepDrafts(cacheFolder)
  const { build, plan } = await planBuild(options)
  if (!options.frozen) await keepLock(options.definition, build.lock)
  if (build.secureBoot) requireKeys(build.secureBoot, options)
  emit({
    event: 'plan',
    steps: plan.steps.map(({ id, title, inputs }) => ({
      step: id,
      title,
      needs: Object.values<string>(inputs),
    })),
  })
  const store = openStore(cacheFolder)
  const executors = makeExecutors(poolFolder, { password: options.keysPassword })
  const concurrency = Math.max(2, availableParallelism())
  const explain = (error: unknown, step: string) => withPlace(error, options.definition, step)
  const artifacts = artifactsOf(options)
  const kinds = [...(options.parts ?? []), ...artifacts]
  const deliver = build.images.flatMap((image) => kinds.map((kind) => stepId(image, kind)))
  const run = { store, executors, emit, signal, rebuild, concurrency, explain, deliver }
  try {
    const report = await runPlan(plan, run)
    const resultOf = (image: ResolvedImage, what: string) => resultIn(report, image, what)
    const result = await use({
      images: build.images,
      artifacts,
      secureBoot: build.secureBoot !== undefined,
      resultOf,
    })
    const ms = Math.round(performance.now() - started)
    const { built, reused } = report
    emit({ event: 'summary', built, reused, downloaded: downloadedBytes(plan, report), ms })
    const toolchain = report.results.get('toolchain')?.key ?? ''
    return { result, built, reused, toolchain, ms }
  } finally {
    await store.close()
  }
}

function resultIn({ results }: RunReport, image: ResolvedImage, what: string): StoredResult {
  const found = results.get(stepId(image, what))
  if (!found) throw new KilnError('E-BUG', `the plan made no ${what} for ${imageName(image.identity)}`)
  return found
}

/** What makes up a payload, as steps. */
const payloadParts = ['payload', 'root-image']

async function deliverImage(
  image: ResolvedImage,
  { artifacts, secureBoot, resultOf }: Made,
  delivery: Delivery,
  { out, payload: wanted = false }: BuildOptions,
): Promise<BuiltImage> {
  const folder = join(out, imageName(image.identity))
  if (wanted)
    for (const part of payloadParts) await delivery.add(resultOf(image, part), folder, { shared: true })
  const built: BuiltArtifact[] = []
  for (const kind of new Set(artifacts)) {
    const file = artifactFile(image.identity, kind)
    built.push(await deliverArtifact(kind, file, resultOf(image, kind), out, delivery))
  }
  const { digest } = resultOf(image, 'payload')
  const unsigned = secureBoot ? { unsignedDigest: resultOf(image, 'payload/unsigned').digest } : {}
  const payload = { ...(wanted ? { folder } : {}), digest, ...unsigned }
  return { identity: image.identity, payload, artifacts: built }
}

/** Below this, apt hangs instead of saying that the disk is full; a first build takes three times as much. */
const leastSpace = 512 * 2 ** 20

/** @throws KilnError E-DISK-FULL before anything has begun */
async function requireSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= leastSpace) return
  const left = Math.floor((bavail * bsize) / 2 ** 20)
  throw new KilnError('E-DISK-FULL', `only ${left} MiB are left in ${folder}`, {
    hint: 'free some space, or put the cache elsewhere with --cache DIR; a first build takes about 1.5 GiB',
  })
}

/** People start virtual machines from these, which writes to them. */
const written: ReadonlySet<ArtifactKind> = new Set(['raw', 'raw-efi', 'raw-bios', 'qcow2', 'vhd'])

async function deliverArtifact(
  kind: ArtifactKind,
  file: string,
  result: StoredResult,
  out: string,
  delivery: Delivery,
): Promise<BuiltArtifact> {
  await delivery.add(result, out, { shared: !written.has(kind) })
  const { size } = result.facts as { readonly size: number }
  return { kind, path: join(out, file), digest: result.digest, size }
}

import { constants, copyFile, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type ImageIdentity, imageName, KilnError } from '@kiln/contract'
import type { ArtifactKind } from '@kiln/contract/definition'
import type { LoadedDefinition } from './definition/load.ts'
import { withPlace } from './definition/places.ts'
import type { Emit } from './events.ts'
import { planBuild as makePlan, stepId } from './plan/plan.ts'
import type { Plan } from './plan/step.ts'
import { type ResolvedBuild, resolveBuild } from './resolve/resolve.ts'
import { runPlan } from './run/engine.ts'
import { executors } from './run/executors.ts'
import { openStore, type StoredResult, sweepDrafts } from './run/store.ts'
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
  readonly payload: { readonly folder: string; readonly digest: string }
  readonly artifacts: readonly BuiltArtifact[]
}

export interface BuildResult {
  readonly images: readonly BuiltImage[]
  readonly built: number
  readonly reused: number
  readonly ms: number
}

type PlanOptions = Omit<BuildOptions, 'out' | 'cacheFolder' | 'rebuild' | 'emit'>

/** What a build would do, without doing it. Asks the archive for its state. */
export async function planBuild(options: PlanOptions): Promise<{ build: ResolvedBuild; plan: Plan }> {
  const { definition, image, cloudConfig, signal } = options
  const images = definition.images.filter(({ identity }) => imageName(identity).includes(image ?? ''))
  if (images.length === 0) {
    const names = definition.images.map(({ identity }) => imageName(identity))
    throw new KilnError('E-USAGE', `no image is called "${image}"`, {
      hint: `there are: ${names.join(', ')}`,
    })
  }
  const build = await resolveBuild({ definition, images, cloudConfig, kilnVersion, signal })
  return { build, plan: makePlan(build, definition.definition.artifacts) }
}

/** Builds all images and artifacts of a definition, and puts them below `out`: artifacts, and each payload in a folder. */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const started = performance.now()
  const { emit, signal, cacheFolder, out, rebuild } = options
  // Modes of files that tools make are part of the result, so the user's own mask must not be.
  process.umask(0o022)
  await mkdir(cacheFolder, { recursive: true })
  await sweepDrafts(cacheFolder)
  const { build, plan } = await planBuild(options)
  emit({
    event: 'plan',
    steps: plan.steps.map(({ id, title, inputs }) => ({
      step: id,
      title,
      needs: Object.values<string>(inputs),
    })),
  })
  const store = openStore(cacheFolder)
  const concurrency = Math.max(2, availableParallelism())
  const explain = (error: unknown, step: string) => withPlace(error, options.definition, step)
  const report = await runPlan(plan, { store, executors, emit, signal, rebuild, concurrency, explain })
  const images: BuiltImage[] = []
  for (const image of build.images) {
    const result = (what: string) => {
      const found = report.results.get(stepId(image, what))
      if (!found) throw new KilnError('E-BUG', `the plan made no ${what} for ${imageName(image.identity)}`)
      return found
    }
    const folder = join(out, imageName(image.identity))
    await deliver(result('payload').folder, folder)
    const artifacts: BuiltArtifact[] = []
    for (const kind of options.definition.definition.artifacts)
      artifacts.push(await deliverArtifact(kind, result(kind), out))
    images.push({
      identity: image.identity,
      payload: { folder, digest: result('payload').digest },
      artifacts,
    })
  }
  const ms = Math.round(performance.now() - started)
  const { built, reused } = report
  emit({ event: 'summary', built, reused, ms })
  return { images, built, reused, ms }
}

async function deliverArtifact(
  kind: ArtifactKind,
  result: StoredResult,
  out: string,
): Promise<BuiltArtifact> {
  await deliver(result.folder, out)
  const names = await readdir(result.folder)
  const name = names.find((candidate) => candidate.endsWith(`.${kind}`)) ?? ''
  const path = join(out, name)
  return { kind, path, digest: result.digest, size: (await stat(path)).size }
}

/** Copies files out of the store, each whole or not at all. What is there already is left alone. */
async function deliver(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)]
    if (await sameFile(source, target)) continue
    const partial = `${target}.part`
    await copyFile(source, partial, constants.COPYFILE_FICLONE)
    await rename(partial, target)
  }
}

const comparedBytes = 1 << 20

/** Small files are compared whole. Large ones by size and the digest file that is written beside or about them. */
async function sameFile(source: string, target: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(source), stat(target).catch(() => undefined)])
  if (!b || a.size !== b.size) return false
  if (a.size > comparedBytes) return false
  return (await readFile(source)).equals(await readFile(target))
}

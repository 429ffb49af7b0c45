import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { errorFromFindings, isKilnError, KilnError } from '@kiln/contract'
import {
  type CheckState,
  type Release,
  type ReleaseArtifact,
  type ReleaseCheck,
  releaseFile,
} from '@kiln/contract/release/manifest'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { bundleSuffix, signedBundle, verifyBundle } from '../sign/bundle.ts'
import type { NamedKey } from '../sign/keys.ts'
import { verificationError, verifyArtifactFile } from '../verify/verify.ts'
import { writeWhole } from '../write-whole.ts'
import { place, writeLast } from './files.ts'
import { type GatheredArtifact, gatherArtifacts } from './gather.ts'
import { type Results, toldOf } from './results.ts'
import { sbomProblem } from './sbom-subject.ts'

export interface MakeReleaseOptions {
  /** Folders with artifacts. */
  readonly folders: readonly string[]
  /** Folder of the release. One that was begun is gone on with. */
  readonly out: string
  readonly name: string
  readonly required: readonly ReleaseCheck[]
  readonly results: Results
  /** Files that must be there, from the definition. */
  readonly expected: readonly string[]
  readonly key: NamedKey | undefined
  readonly signal: AbortSignal
  readonly progress?: (file: string, done: number, total: number) => void
}

export interface MadeRelease {
  readonly release: Release
  /** Of release.json: `sha256:<64 hex digits>`. */
  readonly digest: string
}

/**
 * Makes a release of artifacts: gathers them in one folder with their checksums, signatures and evidence, and writes down what
 * was found out of each. The manifest comes last: a folder without one is no release. What is there already and the same is
 * not made again.
 * @throws KilnError E-ARTIFACT-MISSING, E-RELEASE-CONFLICT
 */
export async function makeRelease(options: MakeReleaseOptions): Promise<MadeRelease> {
  const { folders, out, name, required, expected, key, signal, progress } = options
  const gathered = await gatherArtifacts(folders)
  requireExpected(gathered, expected)
  const version = onlyVersion(gathered)
  await mkdir(out, { recursive: true })
  await rm(join(out, releaseFile), { force: true })
  let done = 0
  // Evidence of an image is about all of its artifacts, and brought along once.
  const brought = new Map<string, Promise<CheckState>>()
  const bring: Bring = (path, sbomOf) => {
    const key = `${sbomOf ?? ''} ${path}`
    const known = brought.get(key) ?? bringEvidence(out, path, sbomOf)
    brought.set(key, known)
    return known
  }
  const add = async (artifact: GatheredArtifact) => {
    const made = await addArtifact(artifact, options, bring)
    progress?.(artifact.file, ++done, gathered.length)
    return made
  }
  const artifacts = await Readable.from(gathered)
    .map(add, { concurrency: availableParallelism(), signal })
    .toArray({ signal })
  const release: Release = { schema: 'kiln.release/v1', name, version, required: [...required], artifacts }
  const text = `${JSON.stringify(release, undefined, 2)}\n`
  const fresh = join(out, `${releaseFile}.new`)
  await writeWhole(fresh, text)
  if (key) await sign(fresh, join(out, releaseFile), key)
  await rm(fresh)
  await writeLast(join(out, releaseFile), text)
  return { release, digest: await prefixedFileDigest(join(out, releaseFile)) }
}

function requireExpected(gathered: readonly GatheredArtifact[], expected: readonly string[]): void {
  const [first, ...rest] = expected
    .filter((file) => gathered.every((artifact) => artifact.file !== file))
    .map((file) => ({
      code: 'E-ARTIFACT-MISSING' as const,
      message: `${file} is not there, and the kiln.yaml names it`,
    }))
  if (first) throw errorFromFindings([first, ...rest])
}

function onlyVersion(gathered: readonly GatheredArtifact[]): string {
  const versions = [...new Set(gathered.map(({ version }) => version))]
  const [version = ''] = versions
  if (versions.length === 1) return version
  throw new KilnError('E-RELEASE-CONFLICT', `the artifacts are of several versions: ${versions.join(', ')}`, {
    hint: 'a release has one; name folders with nothing else in them',
  })
}

/** @param sbomOf the image that it has to be about, where it is an SBOM */
type Bring = (path: string, sbomOf?: string) => Promise<CheckState>

async function addArtifact(
  artifact: GatheredArtifact,
  options: MakeReleaseOptions,
  bring: Bring,
): Promise<ReleaseArtifact> {
  const { out } = options
  const { file, path, image } = artifact
  const digest = await prefixedFileDigest(path)
  await place(path, join(out, file), digest)
  const { size } = await stat(path)
  const checks: Partial<Record<ReleaseCheck, CheckState>> = {}
  for (const check of options.required) checks[check] = await stateOf(check, artifact, digest, options, bring)
  return { file, image, digest, size, checks }
}

async function stateOf(
  check: ReleaseCheck,
  { file, image, evidence }: GatheredArtifact,
  digest: string,
  { out, results, key }: MakeReleaseOptions,
  bring: Bring,
): Promise<CheckState> {
  const told = toldOf(results, file, check)
  if (told?.state === 'passed') {
    // Without evidence, a word is all there is.
    return told.evidence === undefined ? { state: 'passed' } : bring(told.evidence)
  }
  if (told) return told
  const artifact = join(out, file)
  switch (check) {
    case 'checksum': {
      const path = `${artifact}.sha256`
      await writeWhole(path, `${digest.slice('sha256:'.length)}  ${file}\n`)
      return passedBy(path)
    }
    case 'signature':
      if (!key) return { state: 'not-run', reason: 'there was no key' }
      await sign(artifact, artifact, key)
      return passedBy(`${artifact}${bundleSuffix}`)
    case 'verification':
      return verified(artifact)
    default: {
      const path = evidence.get(check)
      if (path === undefined) return { state: 'not-run' }
      return check === 'sbom' ? bring(path, image) : bring(path)
    }
  }
}

async function bringEvidence(out: string, path: string, sbomOf: string | undefined): Promise<CheckState> {
  const problem = sbomOf === undefined ? undefined : sbomProblem(await readFile(path, 'utf8'), sbomOf)
  if (problem) return { state: 'failed', reason: `${basename(path)}: ${problem}` }
  const target = join(out, basename(path))
  const digest = await prefixedFileDigest(path)
  await place(path, target, digest)
  return { state: 'passed', evidence: { file: basename(path), digest } }
}

async function passedBy(path: string): Promise<CheckState> {
  return { state: 'passed', evidence: { file: basename(path), digest: await prefixedFileDigest(path) } }
}

async function verified(artifact: string): Promise<CheckState> {
  try {
    const error = verificationError(await verifyArtifactFile(artifact, { scratch: tmpdir() }))
    return error ? { state: 'failed', reason: error.message } : { state: 'passed' }
  } catch (error) {
    if (isKilnError(error)) return { state: 'failed', reason: error.message }
    throw error
  }
}

/** A signature that holds is left as it is: each signing gives other bytes. */
async function sign(file: string, signed: string, key: NamedKey): Promise<void> {
  const bundle = `${signed}${bundleSuffix}`
  const before = await readFile(bundle, 'utf8').catch(() => undefined)
  if (before !== undefined && (await verifyBundle(file, before, [key])).kind === 'valid') return
  await writeWhole(bundle, await signedBundle(file, key))
}

import { readdir, readFile, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { errorFromFindings, type Finding, KilnError, parseOrThrow } from '@kiln/contract'
import {
  evidenceOf,
  lackingChecks,
  Release,
  type ReleaseArtifact,
  type ReleaseCheck,
  type ReleaseProblem,
  releaseFile,
} from '@kiln/contract/release/manifest'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { bundleSuffix, verifyBundle } from '../sign/bundle.ts'
import { requireSignature, type TrustPolicy } from '../sign/policy.ts'

export interface CheckedRelease {
  readonly release: Release
  /** Of release.json. */
  readonly digest: string
  /** All of them, by file. Empty where the release is whole. */
  readonly problems: readonly ReleaseProblem[]
}

export interface CheckReleaseOptions {
  /** Who must have signed; without one, signatures are looked at, but not whose they are. */
  readonly policy: TrustPolicy | undefined
  /** `2026-01-31`: for waivers. */
  readonly today: string
  readonly signal: AbortSignal
}

/**
 * Looks at all of a release: what its manifest says of each artifact, and whether every file is there and what it says.
 * Finds all that is wrong, not the first of it.
 * @throws KilnError E-ARTIFACT-MISSING, E-CONFIG-*; E-SIGNATURE-* for the manifest itself
 */
export async function checkRelease(folder: string, options: CheckReleaseOptions): Promise<CheckedRelease> {
  const { policy, today, signal } = options
  const { release, digest } = await readRelease(folder)
  if (policy) await requireSignature(join(folder, releaseFile), policy)
  const found = await Readable.from(release.artifacts)
    .map((artifact: ReleaseArtifact) => artifactProblems(folder, artifact, policy), {
      concurrency: 2 * availableParallelism(),
      signal,
    })
    .toArray({ signal })
  const problems = [...lackingChecks(release, today), ...found.flat(), ...(await strays(folder, release))]
  return { release, digest, problems: problems.toSorted((a, b) => (a.file < b.file ? -1 : 1)) }
}

/** @throws KilnError E-ARTIFACT-MISSING, E-CONFIG-* */
export async function readRelease(folder: string): Promise<{ release: Release; digest: string }> {
  const file = join(folder, releaseFile)
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new KilnError('E-ARTIFACT-MISSING', `${folder} is no release: it has no ${releaseFile}`, {
      place: { file },
      hint: '"kiln release make" writes it last, when all else is there',
      cause,
    })
  })
  return { release: parseOrThrow(Release, text, file).value, digest: await prefixedFileDigest(file) }
}

async function artifactProblems(
  folder: string,
  artifact: ReleaseArtifact,
  policy: TrustPolicy | undefined,
): Promise<ReleaseProblem[]> {
  const { file, checks } = artifact
  const own = await fileProblem(folder, file, 'artifact', file, artifact.digest, artifact.size)
  const problems = own ? [own] : []
  for (const [check, state] of Object.entries(checks) as [ReleaseCheck, (typeof checks)[ReleaseCheck]][]) {
    if (state?.state !== 'passed' || !state.evidence) continue
    const { evidence } = state
    const problem =
      (await fileProblem(folder, file, check, evidence.file, evidence.digest)) ??
      // Of an artifact that was changed, every claim is about another file.
      (own ? undefined : await claimProblem(folder, artifact, check, evidence.file, policy))
    if (problem) problems.push(problem)
  }
  return problems
}

/** @param name of the file that is looked at: the artifact itself, or what shows a check */
async function fileProblem(
  folder: string,
  file: string,
  check: ReleaseProblem['check'],
  name: string,
  digest: string,
  size?: number,
): Promise<ReleaseProblem | undefined> {
  const path = join(folder, name)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return { file, check, what: 'missing', detail: `${name} is not there` }
  const isSame = (size === undefined || found.size === size) && (await prefixedFileDigest(path)) === digest
  return isSame ? undefined : { file, check, what: 'changed', detail: `${name} is not what it was` }
}

/** Whether the evidence says what it is there for. */
async function claimProblem(
  folder: string,
  { file, digest }: ReleaseArtifact,
  check: ReleaseCheck,
  evidence: string,
  policy: TrustPolicy | undefined,
): Promise<ReleaseProblem | undefined> {
  const text = () => readFile(join(folder, evidence), 'utf8')
  if (check === 'checksum') {
    const isSame = (await text()) === `${digest.slice('sha256:'.length)}  ${file}\n`
    return isSame
      ? undefined
      : { file, check, what: 'changed', detail: `${evidence} is about something else` }
  }
  if (check !== 'signature' || !evidence.endsWith(bundleSuffix)) return undefined
  const verdict = await verifyBundle(join(folder, file), await text(), policy?.keys ?? [])
  if (verdict.kind === 'valid' || (verdict.kind === 'untrusted' && !policy)) return undefined
  const detail = verdict.kind === 'untrusted' ? `signed by ${verdict.hint}` : verdict.why
  return { file, check, what: verdict.kind === 'untrusted' ? 'untrusted' : 'changed', detail }
}

/** Files that the manifest does not name: nobody vouches for them. */
async function strays(folder: string, { artifacts }: Release): Promise<ReleaseProblem[]> {
  const known = new Set([
    releaseFile,
    `${releaseFile}${bundleSuffix}`,
    ...artifacts.flatMap((artifact) => [artifact.file, ...evidenceOf(artifact).map(({ file }) => file)]),
  ])
  return (await readdir(folder))
    .filter((name) => !known.has(name))
    .map((name) => ({ file: name, check: 'release', what: 'stray', detail: 'the manifest does not name it' }))
}

/** The error that the problems amount to; undefined where the release is whole. */
export function releaseError(folder: string, problems: readonly ReleaseProblem[]): KilnError | undefined {
  const [first, ...rest] = problems.map(
    ({ file, check, what, detail }): Finding => ({
      code: 'E-RELEASE-INCOMPLETE',
      message: `${file}: ${check}: ${what}: ${detail}`,
      place: { file: join(folder, file) },
    }),
  )
  return first && errorFromFindings([first, ...rest])
}

import * as z from 'zod/mini'

/** The file that says what a release is; the last one that is written. */
export const releaseFile = 'release.json'

/**
 * What can be asked of each artifact of a release.
 *
 * `checksum`: a file for sha256sum; `signature`: a Sigstore bundle; `verification`: opened and looked over by `kiln verify`; `sbom`:
 * a bill of materials; `provenance`: an attestation of how it was built; `scan`: a report on vulnerabilities; `boot`: it was started.
 */
export const releaseChecks = [
  'checksum',
  'signature',
  'verification',
  'sbom',
  'provenance',
  'scan',
  'boot',
] as const
export type ReleaseCheck = (typeof releaseChecks)[number]

const Digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/))
/** A day, in UTC. */
const Day = z.iso.date()

/** A file of the release that shows what is claimed. */
const Evidence = z.strictObject({ file: z.string(), digest: Digest })

/** Four states, and no fifth: what nobody looked at is never taken for good. */
export const CheckState = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('passed'), evidence: z.optional(Evidence) }),
  z.strictObject({ state: z.literal('failed'), reason: z.string() }),
  z.strictObject({ state: z.literal('not-run'), reason: z.optional(z.string()) }),
  z.strictObject({ state: z.literal('waived'), who: z.string(), why: z.string(), until: Day }),
])
export type CheckState = z.infer<typeof CheckState>

export const ReleaseArtifact = z.strictObject({
  file: z.string(),
  /** Name of the image, as `imageName` forms it. */
  image: z.string(),
  digest: Digest,
  /** Bytes. */
  size: z.number(),
  checks: z.partialRecord(z.enum(releaseChecks), CheckState),
})
export type ReleaseArtifact = z.infer<typeof ReleaseArtifact>

/** The files that show what has passed; one may show it for several artifacts. */
export function evidenceOf({ checks }: Pick<ReleaseArtifact, 'checks'>): z.infer<typeof Evidence>[] {
  return Object.values(checks).flatMap((state) =>
    state.state === 'passed' && state.evidence ? [state.evidence] : [],
  )
}

export const Release = z.strictObject({
  schema: z.literal('kiln.release/v1'),
  name: z.string(),
  version: z.string(),
  /** What every artifact must have passed, or be excused from. */
  required: z.array(z.enum(releaseChecks)),
  /** By file name. */
  artifacts: z.array(ReleaseArtifact),
})
export type Release = z.infer<typeof Release>

/** A problem of one artifact with one check; `artifact` is about the file itself, `release` about the whole. */
export interface ReleaseProblem {
  readonly file: string
  readonly check: ReleaseCheck | 'artifact' | 'release'
  readonly what: 'missing' | 'changed' | 'failed' | 'not-run' | 'expired' | 'stray' | 'untrusted'
  readonly detail: string
}

/**
 * What the manifest itself lacks: every required check of every artifact that is neither passed nor waived until today.
 * @param today `2026-01-31`
 */
export function lackingChecks({ required, artifacts }: Release, today: string): ReleaseProblem[] {
  return artifacts.flatMap(({ file, checks }) =>
    required.flatMap((check) => problemOf(file, check, checks[check] ?? { state: 'not-run' }, today)),
  )
}

function problemOf(file: string, check: ReleaseCheck, state: CheckState, today: string): ReleaseProblem[] {
  switch (state.state) {
    case 'passed':
      return []
    case 'failed':
      return [{ file, check, what: 'failed', detail: state.reason }]
    case 'not-run':
      return [{ file, check, what: 'not-run', detail: state.reason ?? 'nobody looked' }]
    case 'waived':
      if (today <= state.until) return []
      return [{ file, check, what: 'expired', detail: `the waiver of ${state.who} ended on ${state.until}` }]
  }
}

/** How often each state occurs, for people: `checksum` → `{passed: 600}`. */
export function countStates({
  required,
  artifacts,
}: Release): Record<string, Partial<Record<CheckState['state'], number>>> {
  const counts: Record<string, Partial<Record<CheckState['state'], number>>> = {}
  for (const check of required) {
    const own: Partial<Record<CheckState['state'], number>> = {}
    for (const { checks } of artifacts) {
      const { state } = checks[check] ?? { state: 'not-run' as const }
      own[state] = (own[state] ?? 0) + 1
    }
    counts[check] = own
  }
  return counts
}

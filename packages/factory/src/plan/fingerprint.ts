import { createHash } from 'node:crypto'
import type { Step, StepKind } from './step.ts'

/**
 * Versions of the code behind each step kind. Raise one whenever the same parameters would give other bytes:
 * old results are then not used any more.
 */
export const stepVersions: Record<StepKind, number> = {
  repository: 1,
  toolchain: 2,
  agent: 2,
  base: 3,
  import: 2,
  packages: 3,
  convert: 1,
  validate: 1,
  'root-image': 4,
  initramfs: 4,
  'boot-loader': 2,
  payload: 2,
  'signed-boot-loader': 1,
  'signed-payload': 1,
  board: 1,
  iso: 6,
  raw: 6,
  disk: 1,
  ova: 1,
  inventory: 1,
  document: 1,
  'verify-root': 1,
  'verify-payload': 2,
  verify: 3,
  'image-layers': 1,
  oci: 2,
  'img-oci': 1,
  docker: 1,
}

/** All that decides what a step makes. Its hash is the step's content key. */
export interface Fingerprint {
  readonly kind: StepKind
  readonly version: number
  readonly params: unknown
  /** Input name → digest of that result. */
  readonly inputs: Readonly<Record<string, string>>
  /**
   * Stands here, as `false`, where the step takes something that no digest tells, such as what a program fetches by itself.
   * Such a step is always run; what comes after it goes by the content that it made.
   */
  readonly fullyTracked?: false
}

export function fingerprintOf(step: Step, inputDigests: Readonly<Record<string, string>>): Fingerprint {
  return {
    kind: step.kind,
    version: stepVersions[step.kind],
    params: withoutPlaces(step),
    inputs: inputDigests,
    ...(isFullyTracked(step.params) ? {} : { fullyTracked: false }),
  }
}

/** Parameters say `tracked: false`, at any depth, where not everything that decides the result is among them. */
export function isFullyTracked(params: unknown): boolean {
  if (typeof params !== 'object' || params === null) return true
  if ('tracked' in params && params.tracked === false) return false
  return Object.values(params).every(isFullyTracked)
}

/** 64 hex digits. Same key, same result. */
export function contentKey(fingerprint: Fingerprint): string {
  return createHash('sha256').update(canonicalJson(fingerprint)).digest('hex')
}

/**
 * Where the user's files lie must not matter, only what is in them: a path that stands beside a digest is left out.
 */
function withoutPlaces(step: Step): unknown {
  return JSON.parse(
    JSON.stringify(step.params, (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null) return value
      if (!('digest' in value) && !('sha256' in value)) return value
      const { folder: _folder, file: _file, url: _url, ...rest } = value as Record<string, unknown>
      return rest
    }),
  )
}

/** JSON with sorted keys and no blanks: equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

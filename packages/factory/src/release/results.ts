import { dirname, matchesGlob, resolve } from 'node:path'
import { type CheckState, type ReleaseCheck, releaseChecks } from '@kiln/contract/release/manifest'
import * as z from 'zod'
import { readDocumentFile } from '../definition/read-document.ts'

const about = { artifact: z.string().min(1), check: z.enum(releaseChecks) }
const day = z.iso.date()

/** What others found out, and what is excused: one entry for each check of some artifacts. */
const Results = z.array(
  z.discriminatedUnion('state', [
    z.strictObject({ ...about, state: z.literal('passed'), evidence: z.string().optional() }),
    z.strictObject({ ...about, state: z.literal('failed'), reason: z.string().min(1) }),
    z.strictObject({ ...about, state: z.literal('not-run'), reason: z.string().optional() }),
    z.strictObject({
      ...about,
      state: z.literal('waived'),
      who: z.string().min(1),
      why: z.string().min(1),
      until: day,
    }),
  ]),
)
export type Results = z.infer<typeof Results>

/** A state that was told, with the path of what shows it. */
export type ToldState =
  | Exclude<CheckState, { state: 'passed' }>
  | { readonly state: 'passed'; readonly evidence?: string }

/** Reads the file of results; paths in it are relative to it. @throws KilnError E-CONFIG-* */
export function readResults(file: string): Results {
  return readDocumentFile(Results, file, 'the results in').map((result) =>
    result.state === 'passed' && result.evidence !== undefined
      ? { ...result, evidence: resolve(dirname(file), result.evidence) }
      : result,
  )
}

/** What was told of one check of an artifact; the last word counts. @param file name of the artifact */
export function toldOf(results: Results, file: string, check: ReleaseCheck): ToldState | undefined {
  const told = results.findLast((result) => result.check === check && matchesGlob(file, result.artifact))
  if (!told) return undefined
  const { artifact: _artifact, check: _check, ...state } = told
  return state as ToldState
}

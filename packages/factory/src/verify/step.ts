import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootImageFile } from '../payload/root-image.ts'
import type { Executors } from '../run/engine.ts'
import { begunVerification } from './ahead.ts'
import { Report } from './report.ts'
import { verifyInThread, verifyPayloadInThread } from './thread.ts'
import { checksError, type Verification, verificationError, verifyChecksum } from './verify.ts'

/** Looks into what a node runs. Its digests were taken as it was made. */
export const verifyPayloadFiles: Executors['verify-payload'] = async (_step, { inputs, signal }) => {
  const { folder } = inputs.payload
  const rootImage = join(inputs['root-image'].folder, rootImageFile)
  const checks = await verifyPayloadInThread({ folder, rootImage }, signal)
  const error = checksError(checks, folder)
  if (error) throw error
  return { facts: { checks: checks.length } }
}

/** Opens what a step before it made; a build ends with what is wrong with it. */
export const verifyArtifact: Executors['verify'] = async (_step, { inputs, out, scratch, signal }) => {
  const { folder, facts } = inputs.artifact
  const file = join(folder, facts.file)
  const { digest: payload } = inputs.payload
  const expected = { payload, known: payload, digest: facts.digest }
  const verification =
    (await verifiedAhead(file, facts.digest)) ??
    (await verifyInThread(file, { scratch, ...expected }, signal))
  const error = verificationError(verification)
  if (error) throw error
  await writeFile(
    join(out, 'verification.json'),
    `${JSON.stringify({ ...verification, file: facts.file }, undefined, 2)}\n`,
  )
  return { facts: { checks: verification.checks.length } }
}

/** What was begun while the artifact was finished, and what could not be looked at then. */
async function verifiedAhead(file: string, digest: string): Promise<Verification | undefined> {
  const found = await begunVerification(file)
  if (!found) return undefined
  const report = new Report()
  await verifyChecksum(file, report, digest)
  return { ...found, checks: [...report.checks, ...found.checks] }
}

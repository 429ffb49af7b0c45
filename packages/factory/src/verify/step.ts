import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Executors } from '../run/engine.ts'
import { verifyInThread } from './thread.ts'
import { verificationError } from './verify.ts'

/** Opens what a step before it made; a build ends with what is wrong with it. */
export const verifyArtifact: Executors['verify'] = async (_step, { inputs, out, scratch, signal }) => {
  const { folder, facts } = inputs.artifact
  const file = join(folder, facts.file)
  const expected = { payload: inputs.payload.digest, digest: facts.digest }
  const verification = await verifyInThread(file, { scratch, ...expected }, signal)
  const error = verificationError(verification)
  if (error) throw error
  await writeFile(
    join(out, 'verification.json'),
    `${JSON.stringify({ ...verification, file: facts.file }, undefined, 2)}\n`,
  )
  return { facts: { checks: verification.checks.length } }
}

/** Verifies in a thread of its own: see thread.ts. */
import { parentPort } from 'node:worker_threads'
import { isKilnError } from '@kiln/contract'
import type { Answer, Request } from './thread.ts'
import { verifyArtifactFile } from './verify.ts'

parentPort?.on('message', async ({ id, file, options }: Request) => {
  const answer = await verifyArtifactFile(file, options).then(
    (verification): Answer => ({ id, verification }),
    (error: unknown): Answer => {
      if (!isKilnError(error)) return { id, defect: String((error as Error).stack ?? error) }
      const { code, message, hint, place } = error
      return { id, refused: { code, message, init: { hint, place } } }
    },
  )
  parentPort?.postMessage(answer)
})

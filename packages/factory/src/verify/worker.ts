/** Verifies in a thread of its own: see thread.ts. */
import { parentPort } from 'node:worker_threads'
import { isKilnError } from '@kiln/contract'
import { verifyPayloadFolder, verifyRootFile } from './payload.ts'
import type { Answer, Request, Task } from './thread.ts'
import { verifyArtifactFile } from './verify.ts'

parentPort?.on('message', async ({ id, ...task }: Request) => {
  const answer = await perform(task).then(
    (found): Answer => ({ id, found }),
    (error: unknown): Answer => {
      if (!isKilnError(error)) return { id, defect: String((error as Error).stack ?? error) }
      const { code, message, hint, place } = error
      return { id, refused: { code, message, init: { hint, place } } }
    },
  )
  parentPort?.postMessage(answer)
})

function perform(task: Task) {
  switch (task.kind) {
    case 'artifact':
      return verifyArtifactFile(task.file, task.options)
    case 'root':
      return verifyRootFile(task.file, task.root)
    case 'payload':
      return verifyPayloadFolder(task.folder)
  }
}

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const everyMs = 500

/** Tells the bytes of the files in a folder while they grow. @returns what ends it */
export function watchSize(folder: string, tell: (bytes: number) => void): () => void {
  const timer = setInterval(() => tell(sizeOf(folder)), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Files may go away while they are counted. */
function sizeOf(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

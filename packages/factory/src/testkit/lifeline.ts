import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * Tells when a program and all its children are really gone. The program runs `exec 3> FOLDER/alive`, which the kernel
 * closes when the last of them ends, and `cat FOLDER/hold`, which ends by itself only after the test.
 */
export function lifeline(t: Pick<TestContext, 'after'>): { folder: string; gone: Promise<unknown> } {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-lifeline-'))
  const [alive, hold] = [join(folder, 'alive'), join(folder, 'hold')]
  const { status, stderr } = spawnSync('mkfifo', [alive, hold], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const held = openSync(hold, 'r+')
  const gone = once(createReadStream(alive).resume(), 'end')
  t.after(async () => {
    closeSync(held)
    // Lets the reader go where no program ever came.
    closeSync(openSync(alive, 'r+'))
    await gone
    rmSync(folder, { recursive: true })
  })
  return { folder, gone }
}

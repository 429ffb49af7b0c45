import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { verifyInThread } from './thread.ts'
import type { Verification, VerifyOptions } from './verify.ts'

export type AheadOptions = Pick<VerifyOptions, 'scratch' | 'payload' | 'known'>

/** File as it was when its verification began → what comes of that; undefined where it could not be done. */
const begun = new Map<string, Promise<Verification | undefined>>()

/**
 * Begins to verify an artifact that is written, while its digest is taken and the disk gets it. Waits for nothing but a look at
 * the file; whoever verifies it later gets the result from {@link begunVerification}. Its checksum is not looked at: it is not
 * there yet.
 */
export async function verifyAhead(file: string, options: AheadOptions, signal: AbortSignal): Promise<void> {
  const opened = await open(file)
  const state = stateIn(await opened.stat({ bigint: true }))
  // The file may get its name in the store before the thread comes to open it.
  const path = `/proc/self/fd/${opened.fd}`
  const verification = verifyInThread(path, { ...options, checksum: false }, signal)
    // Who wants the result verifies it again, and is told then.
    .catch(() => undefined)
    .finally(() => opened.close())
  begun.set(state, verification)
}

/** What was found in a file ahead of time, once; undefined where nothing began, or the file was written to or replaced since. */
export async function begunVerification(file: string): Promise<Verification | undefined> {
  const state = await stateOf(file)
  const found = await begun.get(state)
  begun.delete(state)
  return found && (await stateOf(file)) === state ? { ...found, file } : undefined
}

async function stateOf(file: string): Promise<string> {
  return stateIn(await stat(file, { bigint: true }))
}

/** A new name leaves that as it is; writing does not. */
function stateIn({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(' ')
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type ErrorCode, isKilnError } from '@kiln/contract'

const folders: string[] = []

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** An empty folder that is removed after the tests of the file. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-'))
  folders.push(folder)
  return folder
}

/** For assert.rejects: an expected failure with this code. */
export function isKiln(code: ErrorCode, message?: RegExp): (error: unknown) => boolean {
  return (error) => isKilnError(error) && error.code === code && (message?.test(error.message) ?? true)
}

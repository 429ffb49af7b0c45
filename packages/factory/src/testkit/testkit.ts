import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { type ErrorCode, isKilnError, type KilnError } from '@kiln/contract'
import { removeTree } from '../run/remove-tree.ts'

/** An empty folder that is gone after the test. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'))
  t.after(() => removeTree(folder))
  return folder
}

/** What stands at a path: text for a file, or one of the others. */
export type Planted = string | { readonly link: string } | { readonly program: string } | 'folder/'

/** Writes files below a folder: relative path → what stands there. */
export function plant(folder: string, files: Readonly<Record<string, Planted>>): void {
  for (const [path, what] of Object.entries(files)) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    if (what === 'folder/') mkdirSync(target)
    else if (typeof what === 'string') writeFileSync(target, what)
    else if ('link' in what) symlinkSync(what.link, target)
    else {
      writeFileSync(target, what.program)
      chmodSync(target, 0o755)
    }
  }
}

/** Runs something that must fail with a code, and gives its error for a closer look. */
export async function expectCode(code: ErrorCode, action: () => unknown): Promise<KilnError> {
  try {
    await action()
  } catch (error) {
    if (!isKilnError(error)) throw error
    assert.equal(error.code, code, `${error.code}: ${error.message}`)
    return error
  }
  return assert.fail(`no ${code}: nothing failed`)
}

/** Runs something under another umask. */
export async function underUmask<T>(mask: number, action: () => Promise<T>): Promise<T> {
  const before = process.umask(mask)
  try {
    return await action()
  } finally {
    process.umask(before)
  }
}

/** Variables of this process for one test; undefined takes one away. */
export function withEnvironment(
  t: Pick<TestContext, 'after'>,
  change: Readonly<Record<string, string | undefined>>,
): void {
  const set = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  const before = Object.fromEntries(Object.keys(change).map((name) => [name, process.env[name]]))
  t.after(() => set(before))
  set(change)
}

/** Makes apt on this machine believe in a configuration, for one test. Lines of apt.conf(5). */
export function withAptConfig(t: Pick<TestContext, 'after'>, ...lines: readonly string[]): void {
  const file = join(temporaryFolder(t), 'apt.conf')
  writeFileSync(file, `${lines.join('\n')}\n`)
  withEnvironment(t, { APT_CONFIG: file })
}

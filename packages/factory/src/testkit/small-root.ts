import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { libraryClosure } from '../payload/library-closure.ts'
import { readInRoot } from '../rootfs/read-root.ts'
import { type Mount, runInSandbox } from '../sandbox/sandbox.ts'
import { plant, temporaryFolder } from './testkit.ts'

const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64']
const programs = [
  '/bin/sh',
  '/bin/cat',
  '/bin/ln',
  '/bin/chown',
  '/bin/chmod',
  '/usr/bin/stat',
  '/usr/bin/perl',
]

/** A small root file system: a few programs of this machine, with what they need. */
function makeLayer(folder: string): void {
  for (const program of programs) {
    for (const [path, content] of libraryClosure(
      program,
      (file) => readInRoot('/', file),
      `${machine}-linux-gnu`,
    )) {
      const target = join(folder, path)
      if (existsSync(target)) continue
      mkdirSync(dirname(target), { recursive: true })
      copyFileSync(realpathSync(path), target)
      assert.equal(readFileSync(target).length, content.length)
    }
  }
  for (const name of ['dev', 'proc', 'run', 'tmp']) mkdirSync(join(folder, name))
  plant(folder, { 'etc/base': 'from the base', 'etc/both': 'from the base' })
}

/** Layers of such a root, and a shell in it. */
export function makeRoot(t: TestContext, name = 'root') {
  const folder = join(temporaryFolder(t), name)
  const [base, second, upper, work, scratch] = ['base', 'second', 'upper', 'work', 'scratch'].map((each) =>
    join(folder, each),
  ) as [string, string, string, string, string]
  makeLayer(base)
  plant(second, { 'etc/both': 'from the second', 'etc/second': 'x' })
  mkdirSync(scratch)
  type Change = {
    mounts?: readonly Mount[]
    layers?: [string, ...string[]]
    writable?: boolean
    signal?: AbortSignal
    onLine?: () => void
  }
  const sh = (
    script: string,
    { mounts = [], layers = [base, second], writable = true, ...options }: Change = {},
  ) => {
    const root = writable ? { layers, upper: { folder: upper, work } } : { layers }
    return runInSandbox({ root, mounts, scratch }, ['sh', '-euc', script], options)
  }
  return { folder, base, second, upper, scratch, sh }
}

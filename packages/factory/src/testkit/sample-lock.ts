import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Lock, LockedPackage, PackageSet } from '../lock/lock.ts'

/** A lock with one package, for tests of what becomes of its text. */
export const curl: LockedPackage = {
  name: 'curl',
  version: '1:8.14.1~rc1-2+b1',
  architecture: 'amd64',
  sha256: 'ab'.repeat(32),
  size: 1234,
  url: 'http://mirror.test/pool/curl_8.14.1%7erc1-2%2bb1_amd64.deb',
}
export const set = (...packages: LockedPackage[]): PackageSet => ({
  request: { suite: 'trixie', arch: 'amd64', include: ['?essential', 'curl'], exclude: [] },
  archives: [{ uri: 'http://mirror.test/', suite: 'trixie', components: ['main'] }],
  epoch: 1_757_152_800,
  packages,
})
export const lock = (
  sets: Lock['sets'] = { 'toolchain/base': set(curl) },
  bases: Lock['bases'] = {},
): Lock => ({
  schema: 'kiln.lock/v1',
  kiln: 'v0.1.0',
  sets,
  bases,
})

/** Runs a statement with readLock and writeLock that must fail, as a user who may only read here: root may do everything. */
export async function asNobody(folder: string, statement: string) {
  chmodSync(folder, 0o555)
  const script = `
    import { readLock, writeLock } from ${JSON.stringify(fileURLToPath(new URL('../lock/file.ts', import.meta.url)))}
    if (process.getuid?.() === 0) {
      process.setgroups?.([])
      process.setgid?.(65534)
      process.setuid?.(65534)
    }
    const { code, message, hint } = await (async () => { ${statement} })().then(() => ({}), (error) => error)
    process.stdout.write(JSON.stringify({ code, message, hint }))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  chmodSync(folder, 0o755)
  assert.ok(stdout, stderr)
  return JSON.parse(stdout) as { code: string; message: string; hint: string }
}

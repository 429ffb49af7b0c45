import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guardedFirmware } from './firmware.ts'

test('guarded firmware is other code over the same variables', () => {
  const files = { kind: 'uefi', code: '/f/code.fd', variables: '/t/vars.fd' } as const
  const guarded = guardedFirmware(files)
  assert.ok(guarded.kind === 'uefi' && guarded.guarded)
  assert.equal(guarded.variables, files.variables)
  assert.notEqual(guarded.code, files.code)
})

test('BIOS has nothing to guard', () => {
  assert.throws(() => guardedFirmware({ kind: 'bios' }), { code: 'E-USAGE' })
})

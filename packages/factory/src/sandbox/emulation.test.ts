import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { binfmtRule, emulating, explainEmulation } from './emulation.ts'

describe('the rule for an emulator', () => {
  // As Debian's qemu-user-binfmt has it for qemu-aarch64, apart from its name, its separator and its flags.
  const magic = String.raw`\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`
  const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`

  it('tells programs of the architecture by their first bytes', () => {
    const fields = binfmtRule('arm64', '/q').split('\u0001')
    assert.deepEqual(fields, ['', 'kiln-arm64', 'M', '0', magic, mask, '/q', 'PCF'])
  })

  it('takes a path with any character', () => {
    const path = '/a:b, c\\d/qemu'
    assert.equal(binfmtRule('riscv64', path).split('\u0001')[6], path)
  })
})

describe('the command that emulates', () => {
  it('is there where the root has the emulator; root makes a namespace first', async (t) => {
    const folder = temporaryFolder(t)
    const emulation = { arch: 'arm64', emulator: { folder } } as const
    await expectCode('E-BUG', () => emulating(emulation))
    plant(folder, { 'root/usr/bin/qemu-aarch64': '' })
    const [shell, , mode, magic, rule, end] = emulating(emulation, 0)
    assert.deepEqual([shell, mode, end], ['sh', 'new', '--'])
    assert.match(magic ?? '', /^7f454c46020101000{16}0200b700$/)
    assert.ok(rule?.includes(join(folder, 'root/usr/bin/qemu-aarch64')))
    assert.equal(emulating(emulation, 1000)[2], 'own')
  })
})

describe('a machine whose kernel lets no emulator in', () => {
  const script = fileURLToPath(new URL('emulate.sh', import.meta.url))
  // The kernel says no to a mount; and no entry of a machine begins with these digits.
  const emulate = (folder: string) =>
    spawnSync('sh', [script, 'own', 'ffffffff', ':rule', '--', 'echo', 'started'], {
      encoding: 'utf8',
      env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin` },
    })

  it('starts nothing, and says why', (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { mount: '#!/bin/sh\nexit 32\n' })
    chmodSync(join(folder, 'mount'), 0o755)
    const { status, stdout, stderr } = emulate(folder)
    assert.deepEqual([status, stdout], [73, ''])
    assert.equal(explainEmulation(stderr)?.code, 'E-EMULATION')
  })
})

describe('what is said where nothing can be emulated', () => {
  it('is an error with what to do', () => {
    const error = explainEmulation('x\nemulate: binfmt_misc is not to be had\n')
    assert.equal(error?.code, 'E-EMULATION')
    assert.match(error?.hint ?? '', /Linux 6\.7/)
  })

  it('is nothing else', () => assert.equal(explainEmulation('E: apt failed'), undefined))
})

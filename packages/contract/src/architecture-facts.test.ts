import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { architectureBy, architectureFacts, efiFallbackFile } from './architecture-facts.ts'
import { architectures } from './names.ts'

describe('the table of architectures', () => {
  // UEFI 2.10, 3.5.1.1, and what uname(1) says on such a machine.
  const known = [
    ['amd64', 'x86_64', 'BOOTX64.EFI'],
    ['arm64', 'aarch64', 'BOOTAA64.EFI'],
    ['riscv64', 'riscv64', 'BOOTRISCV64.EFI'],
  ] as const
  for (const [arch, uname, file] of known) {
    it(`has ${arch} by the names of the kernel and of firmware`, () => {
      assert.equal(architectureBy('uname', uname), arch)
      assert.equal(efiFallbackFile(arch), file)
    })
  }

  it('tells each architecture from the others by any number and name', () => {
    for (const key of ['uname', 'peMachine', 'elfMachine'] as const) {
      const values = architectures.map((arch) => architectureFacts[arch][key])
      assert.equal(new Set<unknown>(values).size, architectures.length, key)
      for (const arch of architectures) assert.equal(architectureBy(key, architectureFacts[arch][key]), arch)
    }
  })

  it('knows no other', () => {
    assert.equal(architectureBy('uname', 's390x'), undefined)
    assert.equal(architectureBy('elfMachine', 22), undefined)
  })
})

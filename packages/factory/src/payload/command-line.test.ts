import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { architectures, parseBootParameters, splitCommandLine } from '@kiln/contract'
import { commandLine } from './command-line.ts'

const rootHash = '0123456789abcdef'.repeat(4)
const line = (...added: string[]) => commandLine({ arch: 'amd64', rootHash, hashOffset: 40960, added })

describe('the command line of the kernel', () => {
  it('tells the initramfs the root hash and where the tree is', () => {
    const parameters = parseBootParameters(line())
    assert.deepEqual([parameters.rootHash, parameters.hashOffset], [rootHash, 40960])
  })

  it('leaves the root to the slot with its root hash, unless a carrier has another word', () => {
    const { source, rootHash } = parseBootParameters(line())
    assert.deepEqual(source, { kind: 'slot', slot: rootHash })
  })

  it('gives no shell unless the user asks for one', () => {
    assert.equal(parseBootParameters(line()).rescueShell, false)
    assert.equal(parseBootParameters(line('rd.shell')).rescueShell, true)
  })

  it("has the user's words last, so that they win", () => {
    assert.deepEqual(splitCommandLine(line('panic=0', 'quiet')).slice(-2), ['panic=0', 'quiet'])
  })

  it('speaks on the screen and on the serial line; the last console is that of the system', () => {
    const expected = {
      amd64: ['console=ttyS0', 'console=tty1'],
      arm64: ['console=ttyS0', 'console=ttyAMA0', 'console=tty1'],
      riscv64: ['console=ttyS0', 'console=tty1'],
    }
    for (const arch of architectures) {
      const words = splitCommandLine(commandLine({ arch, rootHash, hashOffset: 4096, added: [] }))
      assert.deepEqual(
        words.filter((word) => word.startsWith('console=')),
        expected[arch],
      )
    }
  })
})

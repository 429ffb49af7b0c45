import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BootFailure, corruptedBlock, type FailureReason, failureFacts, failureScreen } from './failure.ts'

test('failure: the block comes from the kernel log', () => {
  const log = [
    '[ 1.0] device-mapper: verity: sha256 using shash',
    '[ 2.0] device-mapper: verity: 7:0: data block 12 is corrupted',
    '[ 2.1] device-mapper: verity: 7:0: data block 13 is corrupted',
  ].join('\n')
  assert.equal(corruptedBlock(log), 'data block 12')
  assert.equal(corruptedBlock('verity: 7:0: metadata block 3 is corrupted'), 'metadata block 3')
  assert.equal(corruptedBlock('all is well'), undefined)
})

test('failure: the frame holds every reason, however long the words', () => {
  for (const reason of Object.keys(failureFacts) as FailureReason[]) {
    const screen = failureScreen(new BootFailure(reason, `a b ${'x'.repeat(200)}\nsecond`), ['a note'])
    const lines = screen.split('\n').filter((line) => line !== '')
    assert.deepEqual([...new Set(lines.map((line) => line.length))], [78], reason)
    assert.match(screen, new RegExp(`kiln: boot refused: ${reason}`))
    assert.match(screen, /note: a note/)
  }
})

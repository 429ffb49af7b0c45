import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isKilnError } from '@kiln/contract'
import { requireBudget } from './uki-budget.ts'

const MiB = 2 ** 20
const parts = { kernel: { size: 12 * MiB }, initramfs: { size: 10 * MiB } }

describe('the budget of a UKI', () => {
  it('may be used up', () => requireBudget(22 * MiB, 22 * MiB, parts))

  it('is an error beyond that, with what takes the room and what to do', () => {
    assert.throws(
      () => requireBudget(22 * MiB + 1, 22 * MiB, parts),
      (error) =>
        isKilnError(error) &&
        error.code === 'E-UKI-SIZE' &&
        /kernel 12(\.0)? MiB, initramfs 10(\.0)? MiB/.test(error.message) &&
        /uki: budget:/.test(error.hint ?? ''),
    )
  })
})

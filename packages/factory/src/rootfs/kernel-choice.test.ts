import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { chooseKernel, compareKernelVersions } from './kernel-choice.ts'

type Case = readonly [device: string, versions: readonly string[], chosen: string | undefined]

function check(cases: readonly Case[]): void {
  for (const [device, versions, chosen] of cases) {
    it(`${device}: ${versions.join(', ') || 'none'} → ${chosen}`, () => {
      assert.equal(chooseKernel(versions, device), chosen)
      assert.equal(chooseKernel(versions.toReversed(), device), chosen)
    })
  }
}

describe('the kernel that an image runs, in the cases of the field', () => {
  check([
    ['generic', [], undefined],
    ['generic', ['5.15.0-101-generic'], '5.15.0-101-generic'],
    ['generic', ['5.15.0-100-generic', '5.15.0-102-generic', '5.15.0-101-generic'], '5.15.0-102-generic'],
    ['generic', ['5.4.0-101-generic.fc32.x86_64'], '5.4.0-101-generic.fc32.x86_64'],
    // The field takes the first entry here; Kiln the last by its bytes, so that it does not matter who lists them.
    ['generic', ['alpha-kernel', 'beta-kernel'], 'beta-kernel'],
    ['rpi4', ['5.15.0-101-raspi'], '5.15.0-101-raspi'],
    ['rpi4', ['5.15.0-100-raspi', '5.15.0-102-raspi', '5.15.0-101-raspi'], '5.15.0-102-raspi'],
    ['rpi4', ['5.15.0-101-raspi', '6.8.0-1-generic'], '5.15.0-101-raspi'],
    ['rpi4', ['custom-b-raspi', 'custom-a-raspi'], 'custom-b-raspi'],
    ['rpi4', ['5.15.0-101-generic', '5.15.0-102-generic'], '5.15.0-102-generic'],
    ['rpi3', ['5.15.0-102-generic', '5.15.0-101-raspi'], '5.15.0-101-raspi'],
  ])
})

describe('the kernel that an image runs, where the field chooses wrongly', () => {
  check([
    ['generic', ['5.15.0-99-generic', '5.15.0-101-generic'], '5.15.0-101-generic'],
    ['generic', ['6.8.0-9-generic', '6.8.0-10-generic'], '6.8.0-10-generic'],
    ['rpi4', ['5.15.0-999-raspi', '5.15.0-1025-raspi'], '5.15.0-1025-raspi'],
    ['generic', ['6.14.5-300.fc42.x86_64', '6.15.1-200.fc42.x86_64'], '6.15.1-200.fc42.x86_64'],
    ['generic', ['6.4.0-150600.23.9-default', '6.4.0-150600.23.25-default'], '6.4.0-150600.23.25-default'],
    ['generic', ['6.12-hadron'], '6.12-hadron'],
    ['generic', ['6.17.0-1008-nvidia', '6.17.0-8-generic'], '6.17.0-1008-nvidia'],
  ])
})

describe('the order of kernel versions', () => {
  const ordered = [
    'alpha-kernel',
    'beta-kernel',
    '5.10.0',
    '6.1.0-rc1',
    '6.1.0-rc10',
    '6.1.0',
    '6.1.0-arch',
    '6.1.0-9-amd64',
    '6.1.0-10-amd64',
    '6.1.1',
    '6.12.48+deb13-amd64',
    '6.12.48+deb13-cloud-amd64',
    '6.12.49-1+rpt-rpi-2712',
    '10.0',
  ]
  for (const [index, version] of ordered.entries()) {
    it(`puts ${version} behind ${index === 0 ? 'none' : ordered[index - 1]}`, () => {
      for (const [other, otherVersion] of ordered.entries()) {
        assert.equal(
          Math.sign(compareKernelVersions(version, otherVersion)),
          Math.sign(index - other),
          otherVersion,
        )
      }
    })
  }

  const piece = fc.constantFrom('0', '1', '2', '10', '01', 'rc', 'rc1', 'a', 'amd64', 'generic', 'x', '')
  const version = fc
    .array(fc.tuple(piece, fc.constantFrom('.', '-', '+', '_', '')), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.flat().join(''))

  it('is total: any two names differ one way, and equal names not at all', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [there, back] = [compareKernelVersions(a, b), compareKernelVersions(b, a)]
        assert.equal(Math.sign(there), a === b ? 0 : -Math.sign(back))
        assert.equal(there === 0, a === b)
      }),
      { numRuns: 1000 },
    )
  })

  it('has no circles', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const [ab, bc, ac] = [
          compareKernelVersions(a, b),
          compareKernelVersions(b, c),
          compareKernelVersions(a, c),
        ]
        if (ab < 0 && bc < 0) assert.ok(ac < 0, `${a} < ${b} < ${c}`)
      }),
      { numRuns: 5000 },
    )
  })

  it('chooses the same, in whatever order a folder lists them', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(version, { minLength: 1 }),
        fc.constantFrom('generic', 'rpi4'),
        (all, device) => {
          const chosen = chooseKernel(all, device)
          assert.ok(chosen !== undefined && all.includes(chosen))
          assert.equal(chooseKernel(all.toReversed(), device), chosen)
        },
      ),
    )
  })
})

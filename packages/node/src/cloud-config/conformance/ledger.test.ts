import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { allCases } from '../../conformance.ts'

/** In the tables that run on Node.js and on the node's own program, under their ids. */
const inTables =
  'C1-C7 M1-M10 U1 U4 R1-R2 S1-S7 Q1 T1-T4 K1-K10 K13 K17 Y1-Y13 Y15-Y22 Y28-Y29 E1-E11 D1-D8 A1-A2 A4-A5'

/**
 * The field's cases that are tested elsewhere, with words of the test's title, or that do not apply, with the reason. Cases
 * that have no id there have one here: B boot states and addresses, V versions, A agent, I initramfs, X end to end.
 */
const elsewhere: Readonly<Record<string, readonly [file: string, title: string] | string>> = {
  U2: ['packages/node/src/cloud-config/remote/field-cases.test.ts', 'U2: '],
  U3: ['packages/node/src/cloud-config/remote/resolve.test.ts', 'what cannot be filled in fetches nothing'],
  K11: 'the initramfs waits for devices until its watchdog starts it anew, not for 5 seconds',
  K12: 'the overlay is always in memory, in the size that the plan gives it',
  K14: 'a system that runs from memory alone is not there yet',
  K15: 'volumes are those of the layout and of install.bind_mounts, which are paths',
  K16: 'no path is stripped of /sysroot: all are made with it',
  K18: 'a system that runs from memory alone is not there yet',
  K19: 'a system that runs from memory alone is not there yet',
  B1: ['packages/node/src/initramfs/identify.test.ts', 'the newest is active'],
  B2: ['packages/node/src/initramfs/boot-modes.test.ts', 'boot: the slot of the root hash, '],
  B3: 'nothing of Kiln reads the addresses of a node',
  Y14: ['packages/node/src/cloud-config/run-stage.test.ts', 'keys of a forge wait for the network'],
  Y23: ['packages/node/src/cloud-config/operations/layout.test.ts', 'layout (Y23)'],
  Y24: ['packages/node/src/cloud-config/operations/layout.test.ts', '(Y24)'],
  Y25: ['packages/node/src/cloud-config/datasources/pull.test.ts', 'names sources of which none is there'],
  Y26: ['packages/node/src/cloud-config/datasources/pull.test.ts', 'the source file, with a name'],
  Y27: ['packages/node/src/cloud-config/datasources/datasources.test.ts', 'MIMEBOUNDARY'],
  Y30: ['packages/node/src/cloud-config/operations/fetch.test.ts', 'git (Y30)'],
  V1: ['packages/contract/src/names.test.ts', 'names follow the rules of the field'],
  V2: ['packages/contract/src/upgrades.test.ts', 'newer releases, the newest first, by number'],
  V3: ['packages/contract/src/upgrades.test.ts', 'get a newer Kubernetes on the same system'],
  A3: ['packages/node/src/initramfs/identify.test.ts', 'in the variables of the firmware'],
  A6: ['packages/contract/src/disk.test.ts', 'gives types that firmware and GRUB look for'],
  A7: ['packages/node/src/lifecycle/loaders.test.ts', 'a new generation is taken with its tries'],
  A8: ['packages/node/src/lifecycle/record-file.test.ts', 'a torn copy is replaced first'],
  A9: 'phone-home is not there yet',
  A10: ['packages/node/src/logs/logs.test.ts', 'one archive with state, journal and files'],
  I1: ['packages/node/src/initramfs/plan.test.ts', 'parents come before children'],
  I2: ['packages/node/src/initramfs/boot.test.ts', 'boot: a slot, with the partitions'],
  I3: ['packages/node/src/initramfs/boot.test.ts', 'boot: a live medium'],
  X1: ['test/e2e/install.e2e.ts', 'an ISO whose cloud-config says install.auto'],
  X2: ['test/e2e/node-life.e2e.ts', 'is reset: an empty store, and its configuration still there'],
}

const families: Readonly<Record<string, number>> = {
  ...{ C: 7, M: 10, U: 4, R: 2, S: 7, Q: 1, T: 4, K: 19, B: 3, Y: 30, E: 11, D: 8, V: 3, A: 10, I: 3, X: 2 },
}

function idsIn(ranges: string): string[] {
  return ranges.split(' ').flatMap((range) => {
    const [first = '', last = first] = range.split('-')
    const [from, to] = [first, last].map((id) => Number(id.slice(1)))
    return Array.from(
      { length: (to ?? 0) - (from ?? 0) + 1 },
      (_, index) => `${first[0]}${(from ?? 0) + index}`,
    )
  })
}

test('conformance: each case of the field has its place, and only one', () => {
  const all = Object.entries(families).flatMap(([letter, count]) => idsIn(`${letter}1-${letter}${count}`))
  const placed = [...idsIn(inTables), ...Object.keys(elsewhere)]
  assert.deepEqual(placed.toSorted(), all.toSorted())
})

test('conformance: what is said to be in the tables is there', () => {
  const words = new Set(allCases.flatMap(({ name }) => name.split(/[ :]+/)))
  assert.deepEqual(
    idsIn(inTables).filter((id) => !words.has(id)),
    [],
  )
})

test('conformance: what is said to be tested elsewhere is', () => {
  for (const [id, place] of Object.entries(elsewhere)) {
    if (typeof place === 'string') continue
    const [file, title] = place
    const text = readFileSync(new URL(`../../../../../${file}`, import.meta.url), 'utf8')
    assert.ok(text.includes(title), `${id}: ${file} has no test ${title}`)
  }
})

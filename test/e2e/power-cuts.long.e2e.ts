import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { bootTimeoutMs, freshFolder } from './harness.ts'
import { newerSystemdBoot } from './newer-loader.ts'
import { nodeLogin, waitForState } from './node-harness.ts'
import {
  bootCut,
  checkOperation,
  chooseCuts,
  describeFailure,
  type Life,
  makeSupplies,
  markdownTable,
  type Operation,
  operations,
  type Report,
  recordLife,
  type Supplies,
} from './power-cut/index.ts'

const seed = 1

/**
 * One life of a node for each firmware, with every write recorded: installed from the medium onto an empty disk, upgraded,
 * reset. Each of its operations is cut at every flush and at many points between.
 */
describe('a node whose power fails', { concurrency: 2 }, () => {
  let folder: string
  let supplies: Supplies

  before(async () => {
    folder = await freshFolder()
    supplies = await makeSupplies(folder, await nodeLogin(folder))
  })

  for (const firmware of ['uefi', 'bios'] as const) {
    test(`under ${firmware.toUpperCase()}`, (t) => allOperations(t, firmware))
  }

  async function allOperations(t: TestContext, firmware: Firmware): Promise<void> {
    const own = join(folder, firmware)
    await mkdir(own)
    const life = await recordLife(firmware, supplies, own)
    await t.test('lives through all of it where it does not, with a newer boot loader', () =>
      checkSights(life, firmware),
    )
    const reports: Report[] = []
    for (const operation of operations) {
      await t.test(`${operation.name}: starts after every cut`, async () => {
        const report = await checkOperation(operation, life.recording, { firmware, seed, folder: own })
        reports.push(report)
        assert.deepEqual(report.failures.map(describeFailure), [])
        await bootSome(operation, report, life)
      })
    }
    t.diagnostic(markdownTable({ phases: reports.flatMap(({ phases }) => phases) }))

    async function bootSome(operation: Operation, report: Report, { recording }: Life): Promise<void> {
      const { booted, withMedium, endsOn } = operation
      for (const { cut, outcome } of chooseCuts(report.cuts, booted[firmware], seed)) {
        const options = {
          machine: { firmware, sshPort: 'auto' },
          later: withMedium ? [supplies.iso] : [],
          folder: own,
          timeoutMs: bootTimeoutMs,
        } as const
        const result = await bootCut(recording, cut, options, ({ sshPort = 0 }) =>
          waitForState({ ...supplies.login, port: sshPort }, endsOn(outcome)),
        )
        const what = `${operation.name}, ${cut.kind} at ${cut.until}, ${outcome}`
        assert.equal(result.outcome, 'up', [what, ...result.lastLines].join('\n'))
      }
    }
  }
})

function checkSights({ sights }: Life, firmware: Firmware): void {
  const { loaderInfo, loaderVersion, loaders } = sights
  assert.match(loaderVersion.upgraded, /newer/)
  assert.doesNotMatch(loaderVersion.end, /newer/)
  if (firmware === 'bios') return
  assert.doesNotMatch(loaderInfo.installed, newerSystemdBoot)
  assert.match(loaderInfo.installed, /^systemd-boot /)
  assert.match(loaderInfo.upgraded, newerSystemdBoot)
  const [current, ...kept] = loaders.trim().split('\n')
  assert.match(current ?? '', /BOOTX64\.EFI$/)
  assert.equal(kept.length, 1, loaders)
  const [, digest = '-', name] = kept[0]?.match(/^([0-9a-f]{8})[0-9a-f]{56} .*(previous-.*)$/) ?? []
  assert.equal(name, `previous-${digest}.efi`, 'the one before is kept, whole')
}

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { startMachine } from '@kiln/factory/boot/machine'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { bootTimeoutMs, freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeLogin,
  nodeLogin,
  overlayDisk,
  waitForState,
  writeNodeDefinition,
} from './node-harness.ts'
import { nodeRegistry, pushNode } from './node-registry.ts'
import {
  bootCut,
  checkEveryCut,
  chooseCuts,
  describeFailure,
  markdownTable,
  type Recording,
  type Report,
  recordWrites,
} from './power-cut/index.ts'

const [old, next] = ['v1.0.0', 'v1.1.0']
const points = 200
const booted = 12
const seed = 1

describe('an upgrade during which the power fails', () => {
  let folder: string
  let login: NodeLogin
  let recording: Recording
  let report: Report

  before(async () => {
    folder = await freshFolder()
    login = await nodeLogin(folder)
    const registry = await nodeRegistry(folder)
    const config = { kiln: { registries: { [registry.fromGuest]: { 'plain-http': true } } } }
    const write = (version: string) =>
      writeNodeDefinition(folder, { version, artifacts: ['raw'], config }, login)
    const raw = (await buildNode(await write(old))).raw ?? ''
    const reference = await pushNode(registry, await write(next))
    const disk = await overlayDisk(raw, join(folder, 'node.qcow2'), 3)
    await firstBoot(disk)
    recording = await recordWrites(
      {
        machine: { firmware: 'uefi', sshPort: 'auto' },
        disk: { file: disk, format: 'qcow2' },
        folder,
      },
      async (machine, mark) => {
        const guest = await waitForLogin(machine, login)
        mark('upgrade')
        await inGuest(guest, `sudo kiln-agent upgrade ${reference}`)
        mark('restart and health gate')
        await runInGuest(guest, 'sudo systemctl reboot', { okCodes: [0, 255] })
        await waitForState(guest, ({ generations }) => isGood(generations, 2))
        await turnOff(guest)
        await machine.ended
      },
    )
    const { log, base, marks } = recording
    report = await checkEveryCut(log, base, { firmware: 'uefi', points, seed, folder, marks })
  })

  /** Growing the disk has tests of its own. */
  async function firstBoot(disk: string): Promise<void> {
    await using machine = await startMachine({ firmware: 'uefi', disks: [{ file: disk }], sshPort: 'auto' })
    await turnOff(await waitForLogin(machine, login))
    await machine.ended
  }

  test(`starts the old or the new system after every flush, and at ${points} points between`, (t) => {
    t.diagnostic(markdownTable(report))
    assert.ok(report.points.between >= points, JSON.stringify(report.points))
    assert.deepEqual(report.failures.map(describeFailure), [])
  })

  test(`really starts at ${booted} of them`, async (t) => {
    for (const { cut, outcome } of chooseCuts(report.cuts, booted, seed)) {
      await t.test(`${cut.kind}, ${outcome}`, async () => {
        const options = { machine: { firmware: 'uefi' as const }, folder, timeoutMs: bootTimeoutMs }
        const result = await bootCut(recording, cut, options)
        assert.equal(result.outcome, 'up', result.lastLines.join('\n'))
      })
    }
  })
})

function isGood(
  generations: readonly { number: number; status: string; running: boolean }[] | undefined,
  wanted: number,
): boolean {
  return (
    generations?.some(({ number, status, running }) => number === wanted && status === 'good' && running) ===
    true
  )
}

async function turnOff(guest: Guest): Promise<void> {
  await runInGuest(guest, 'sudo systemctl poweroff', { okCodes: [0, 255] })
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { ArtifactKind } from '@kiln/contract'
import { type BootOptions, bootArtifact } from '@kiln/factory/boot/artifact'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { startMachine } from '@kiln/factory/boot/machine'
import { buildArtifacts } from './disk-build.ts'
import { bootTimeoutMs, freshFolder, kiln, waitUntilUp, writeCloudConfig } from './harness.ts'

const gibibyte = 2 ** 30

/** One build. QEMU reads each format by its own driver, and firmware starts what is in it; writes are thrown away. */
describe('every disk starts', () => {
  let folder: string
  let built: Awaited<ReturnType<typeof buildArtifacts>>

  before(async () => {
    folder = await freshFolder()
    built = await buildArtifacts(folder, ['iso', 'raw', 'raw-bios', 'qcow2', 'vhd', 'vmdk', 'aws'])
  })

  async function bootUp(options: BootOptions): Promise<string> {
    const { outcome, line, lastLines } = await bootArtifact(
      { timeoutMs: bootTimeoutMs, ...options },
      { emit: () => {} },
    )
    assert.equal(outcome, 'up', lastLines.join('\n'))
    return line ?? ''
  }

  const boots: readonly (readonly [ArtifactKind, Firmware])[] = [
    ['raw', 'uefi'],
    ['raw', 'bios'],
    ['raw-bios', 'bios'],
    ['qcow2', 'uefi'],
    ['vhd', 'bios'],
    ['vmdk', 'uefi'],
  ]
  for (const [kind, firmware] of boots)
    test(`${kind} under ${firmware === 'uefi' ? 'UEFI' : 'BIOS'}`, async () => {
      const line = await bootUp({ artifact: built.path(kind), firmware })
      assert.match(line, /kiln: up: .* v0\.1\.0, generation 1 \(good\), root verified, 0 failed units/)
    })

  test('a disk of a size that a cloud wants has its data partition up to its end, once it was started', async () => {
    const disk = join(folder, 'machine.raw')
    execFileSync('cp', ['--sparse=always', built.path('aws'), disk])
    {
      await using machine = await startMachine({
        firmware: 'uefi',
        drives: [{ attach: 'disk', file: disk, format: 'raw', writes: 'kept' }],
      })
      await waitUntilUp(machine)
    }
    execFileSync('sfdisk', ['--verify', disk], { stdio: 'ignore' })
    const table = JSON.parse(execFileSync('sfdisk', ['--json', disk], { encoding: 'utf8' })).partitiontable
    const { name, start, size } = table.partitions.at(-1)
    assert.deepEqual([name, (start + size) * 512], ['persistent', 2 * gibibyte - 2 ** 20])
  })

  test('an ISO with another cloud-config starts from a stick under BIOS, and has that configuration', async () => {
    const config = await writeCloudConfig(folder, { hostname: 'node-7' })
    const out = join(folder, 'node-7.iso')
    await kiln(['iso', 'customize', built.path('iso'), '--cloud-config', config, '--out', out])
    const line = await bootUp({ artifact: out, as: 'usb', firmware: 'bios', until: /node-7 login:/ })
    assert.match(line, /node-7 login:/)
  })
})

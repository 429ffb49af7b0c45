import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planDisk, vacantBootCode } from '@kiln/contract'
import { diskBytes, installMachine, listedDisk } from '../testkit/install-machine.ts'
import { parseDisks } from './devices.ts'
import { writePartitions } from './partitions.ts'

const plan = planDisk({
  firmware: 'uefi',
  diskBytes,
  payload: { rootBytes: 1e8, bootBytes: 1e7 },
  generations: 2,
})

function diskNamed(name: string) {
  const [disk] = parseDisks(JSON.stringify({ blockdevices: [listedDisk(name)] }))
  if (!disk) throw new Error('no disk')
  return disk
}

test('partitions: devices are those that the kernel shows, whatever their names', (context) => {
  const { host } = installMachine(context, { disks: [listedDisk('nvme0n1')] })
  const devices = writePartitions(host, diskNamed('nvme0n1'), plan)
  assert.deepEqual(
    [...devices.values()],
    ['/dev/nvme0n1p1', '/dev/nvme0n1p2', '/dev/nvme0n1p3', '/dev/nvme0n1p4'],
  )
})

test('partitions: nothing of the first and the last MiB of the disk is left before the table comes', (context) => {
  const machine = installMachine(context, {
    program: ([name]) => {
      if (name !== 'sfdisk') return undefined
      const first = [...machine.host.readBytes('/dev/vda', 0, 512)]
      assert.deepEqual(first.slice(0, vacantBootCode.length), vacantBootCode)
      const rest = [
        ...first.slice(vacantBootCode.length),
        ...machine.host.readBytes('/dev/vda', diskBytes - 512, 512),
      ]
      assert.ok(rest.every((byte) => byte === 0))
      return undefined
    },
  })
  for (const at of [0, diskBytes - 512]) machine.host.overwrite('/dev/vda', at, new Uint8Array(512).fill(7))
  assert.equal(writePartitions(machine.host, diskNamed('vda'), plan).size, 4)
})

test('partitions: those of an old table are not taken for the new ones', (context) => {
  const old = '/sys/class/block/vda/vda1'
  const { host } = installMachine(context, {
    files: {
      [`${old}/partition`]: '1\n',
      [`${old}/start`]: '63\n',
      [`${old}/size`]: '1000\n',
      '/dev/vda1': '',
    },
    program: ([name]) => (name === 'sfdisk' ? {} : undefined),
  })
  assert.throws(
    () => writePartitions(host, diskNamed('vda'), plan),
    /does not show the new partitions of \/dev\/vda: 1 \(efi\), 2 \(oem\), 3 \(state\), 4 \(persistent\)/,
  )
  assert.ok(host.uptime() >= 15_000)
})

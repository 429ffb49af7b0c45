import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MiB } from './bytes.ts'
import { smallestDisk } from './disk.ts'
import { sfdiskScript } from './gpt.ts'

const guids = {
  disk: '00000000-0000-4000-8000-00000000000a',
  partition: ({ number }: { number: number }) => `00000000-0000-4000-8000-00000000000${number}`,
}
const request = { payload: { rootBytes: 50 * MiB, bootBytes: 10 * MiB }, generations: 2 }

test('a plan is told to sfdisk in sectors, with all identities', () => {
  assert.equal(
    sfdiskScript(smallestDisk({ ...request, firmware: 'hybrid' }), guids),
    [
      'label: gpt',
      'label-id: 00000000-0000-4000-8000-00000000000A',
      'unit: sectors',
      'first-lba: 2048',
      '',
      '1 : start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=00000000-0000-4000-8000-000000000001, name="bios", attrs="LegacyBIOSBootable"',
      '2 : start=4096, size=270336, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=00000000-0000-4000-8000-000000000002, name="efi"',
      '3 : start=274432, size=131072, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=00000000-0000-4000-8000-000000000003, name="oem"',
      '4 : start=405504, size=663552, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=00000000-0000-4000-8000-000000000004, name="state"',
      '5 : start=1069056, size=524288, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=00000000-0000-4000-8000-000000000005, name="persistent"',
      '',
    ].join('\n'),
  )
})

test('larger sectors are counted as such', () => {
  const script = sfdiskScript(smallestDisk({ ...request, firmware: 'uefi', sectorBytes: 4096 }), guids)
  assert.match(script, /^first-lba: 256$/m)
  assert.match(script, /^1 : start=256, size=66560, /m)
})

test('an image is marked, for its first boot', () => {
  const script = sfdiskScript(smallestDisk({ ...request, firmware: 'uefi' }), guids, { firstBoot: true })
  assert.match(script, /^4 : .*name="persistent", attrs="GUID:58"$/m)
  assert.equal(script.match(/attrs/g)?.length, 1)
})

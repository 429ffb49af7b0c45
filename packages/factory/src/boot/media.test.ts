import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKilnError } from '@kiln/contract'
import type { Attachment, Drive } from '../tools/qemu.ts'
import { artifactDrive, parseDisk } from './media.ts'

const attachments: readonly { file: string; as?: Attachment; gives: Pick<Drive, 'attach' | 'format'> }[] = [
  { file: '/a.iso', gives: { attach: 'cd', format: 'raw' } },
  { file: '/a.ISO', gives: { attach: 'cd', format: 'raw' } },
  { file: '/a.iso', as: 'usb', gives: { attach: 'usb', format: 'raw' } },
  { file: '/a.iso', as: 'disk', gives: { attach: 'disk', format: 'raw' } },
  { file: '/a.vhd', gives: { attach: 'disk', format: 'vpc' } },
  { file: '/a.vmdk', gives: { attach: 'disk', format: 'vmdk' } },
  { file: '/a.efi.raw', gives: { attach: 'disk', format: 'raw' } },
  { file: '/a.img', gives: { attach: 'disk', format: 'raw' } },
  { file: '/a.raw', as: 'usb', gives: { attach: 'usb', format: 'raw' } },
  { file: '/a.qcow2', gives: { attach: 'disk', format: 'qcow2' } },
]

for (const { file, as, gives } of attachments) {
  test(`${file} as ${as ?? 'it is'} is a ${gives.format} ${gives.attach}`, () => {
    assert.deepEqual(artifactDrive(file, as), { ...gives, file, writes: 'discarded' })
  })
}

for (const { file, as } of [{ file: 'a.tar' }, { file: 'a' }, { file: 'a.raw', as: 'cd' as const }]) {
  test(`${file} as ${as ?? 'it is'} is refused`, () => {
    assert.throws(
      () => artifactDrive(file, as),
      (error) => isKilnError(error) && error.code === 'E-USAGE',
    )
  })
}

const disks = [
  { text: '512M', gives: { size: 536_870_912 } },
  { text: '8G', gives: { size: 8_589_934_592 } },
  { text: '8GiB', gives: { size: 8_589_934_592 } },
  { text: '1T', gives: { size: 1_099_511_627_776 } },
  { text: 'disk.qcow2', gives: { file: 'disk.qcow2' } },
  { text: './8G', gives: { file: './8G' } },
]

for (const { text, gives } of disks) {
  test(`--disk ${text}`, () => assert.deepEqual(parseDisk(text), gives))
}

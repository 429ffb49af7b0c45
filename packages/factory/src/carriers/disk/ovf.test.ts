import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type OvfMachine, ovfDescriptor, ovfManifest } from './ovf.ts'

const machine: OvfMachine = {
  name: 'sample',
  version: 'v1.0.0',
  firmware: 'hybrid',
  disk: { file: 'sample.vmdk', fileBytes: 1000, bytes: 2 ** 31 },
}

describe('the description of a machine', () => {
  it('names its disk, with the size of file and disk', () => {
    const text = ovfDescriptor(machine)
    assert.match(text, /<File ovf:id="file1" ovf:href="sample\.vmdk" ovf:size="1000"\/>/)
    assert.match(text, /ovf:fileRef="file1" ovf:capacity="2147483648" ovf:capacityAllocationUnits="byte"/)
    assert.match(text, /<rasd:HostResource>ovf:\/disk\/disk1<\/rasd:HostResource>/)
  })

  for (const [firmware, value] of [
    ['uefi', 'efi'],
    ['hybrid', 'efi'],
    ['bios', 'bios'],
  ] as const)
    it(`starts ${firmware} by ${value}`, () => {
      assert.match(
        ovfDescriptor({ ...machine, firmware }),
        new RegExp(`vmw:key="firmware" vmw:value="${value}"`),
      )
    })

  it('has the elements of an item in the order that the schema asks for', () => {
    for (const [, item = ''] of ovfDescriptor(machine).matchAll(/<Item>(.*?)<\/Item>/gs)) {
      const names = [...item.matchAll(/<rasd:(\w+)>/g)].map(([, name]) => name)
      assert.deepEqual(names, names.toSorted())
    }
  })

  it('is XML, whatever the version is', () => {
    const text = ovfDescriptor({ ...machine, version: 'v1.0.0+"<&>"' })
    assert.match(text, /<Version>v1\.0\.0\+&quot;&lt;&amp;&gt;&quot;<\/Version>/)
    const opened = [...text.matchAll(/<([A-Za-z][\w:]*)[^<>]*?(\/?)>/g)].filter(
      ([, , closed]) => closed === '',
    )
    const closed = [...text.matchAll(/<\/([A-Za-z][\w:]*)>/g)]
    assert.deepEqual(opened.map(([, name]) => name).toSorted(), closed.map(([, name]) => name).toSorted())
  })
})

describe('the manifest', () => {
  it('has a line for each file, as ovftool and VirtualBox read it', () => {
    assert.equal(ovfManifest({ 'a.ovf': '00ff' }), 'SHA256(a.ovf)= 00ff\n')
  })
})

/** A virtual machine, as an OVF package describes it. */
export interface OvfMachine {
  readonly name: string
  readonly version: string
  readonly firmware: 'uefi' | 'bios' | 'hybrid'
  readonly disk: {
    readonly file: string
    /** Bytes of the file, and of the disk in it. */
    readonly fileBytes: number
    readonly bytes: number
  }
}

const processors = 2
const memoryMiB = 2048

/** Kinds of devices: CIM_ResourceAllocationSettingData, ResourceType. */
const kinds = { processor: 3, memory: 4, scsi: 6, network: 10, disk: 17 } as const
/** CIM_OperatingSystem, OSType: Linux, 64 bits. */
const linux64 = 101

/**
 * The descriptor of an OVF package (DMTF DSP0243 1.1). The controller is one that VMware and VirtualBox both have. Where both
 * firmwares start the disk, VMware takes UEFI; VirtualBox does not read the key, and takes BIOS.
 */
export function ovfDescriptor({ name, version, firmware, disk }: OvfMachine): string {
  const system = xml(name)
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
    <File ovf:id="file1" ovf:href="${xml(disk.file)}" ovf:size="${disk.fileBytes}"/>
  </References>
  <DiskSection>
    <Info>Disks</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${disk.bytes}" ovf:capacityAllocationUnits="byte" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="VM Network">
      <Description>The network of the machine</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="${system}">
    <Info>${system} ${xml(version)}</Info>
    <Name>${system}</Name>
    <ProductSection>
      <Info>What runs in it</Info>
      <Product>${system}</Product>
      <Version>${xml(version)}</Version>
    </ProductSection>
    <OperatingSystemSection ovf:id="${linux64}" vmw:osType="otherLinux64Guest">
      <Info>Linux, 64 bits</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>${processors} processors, ${memoryMiB} MiB of memory</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${system}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>
      </System>
${[
  item(1, kinds.processor, 'processors', { AllocationUnits: 'hertz * 10^6', VirtualQuantity: processors }),
  item(2, kinds.memory, 'memory', { AllocationUnits: 'byte * 2^20', VirtualQuantity: memoryMiB }),
  item(3, kinds.scsi, 'controller', { Address: 0, ResourceSubType: 'lsilogic' }),
  item(4, kinds.disk, 'disk', { AddressOnParent: 0, HostResource: 'ovf:/disk/disk1', Parent: 3 }),
  item(5, kinds.network, 'network', {
    AddressOnParent: 7,
    AutomaticAllocation: 'true',
    Connection: 'VM Network',
    ResourceSubType: 'E1000',
  }),
].join('\n')}
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="${firmware === 'bios' ? 'bios' : 'efi'}"/>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`
}

/** Elements of an item come in the order of their names. */
function item(
  id: number,
  kind: number,
  name: string,
  properties: Readonly<Record<string, string | number>>,
): string {
  const all = { ...properties, ElementName: name, InstanceID: id, ResourceType: kind }
  const lines = Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `        <rasd:${key}>${xml(String(value))}</rasd:${key}>`)
  return ['      <Item>', ...lines, '      </Item>'].join('\n')
}

function xml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

/** The manifest of an OVF package: name → sha256, 64 hex digits. */
export function ovfManifest(digests: Readonly<Record<string, string>>): string {
  return Object.entries(digests)
    .map(([file, digest]) => `SHA256(${file})= ${digest}\n`)
    .join('')
}

/** The text in a VMDK that says what it is. @param contentId 8 hex digits */
export function vmdkDescriptor(diskBytes: number, name: string, contentId: string): string {
  const sectors = diskBytes / 512
  const [heads, sectorsPerTrack] = [255, 63]
  return [
    '# Disk DescriptorFile',
    'version=1',
    `CID=${contentId}`,
    'parentCID=ffffffff',
    'createType="streamOptimized"',
    '',
    '# Extent description',
    `RW ${sectors} SPARSE "${name}"`,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    'ddb.virtualHWVersion = "13"',
    `ddb.geometry.cylinders = "${Math.floor(sectors / heads / sectorsPerTrack)}"`,
    `ddb.geometry.heads = "${heads}"`,
    `ddb.geometry.sectors = "${sectorsPerTrack}"`,
    'ddb.adapterType = "lsilogic"',
    '',
  ].join('\n')
}

import { type Bytes, digestOf, wholeOf } from './bytes.ts'
import type { Report } from './report.ts'
import type { TarMember } from './tar.ts'
import { openVmdk } from './vmdk.ts'

/** An OVF package: order, digests, and that the description fits the disk (DMTF DSP0243 1.1). @returns the disk */
export async function openOva(members: readonly TarMember[], report: Report): Promise<Bytes | undefined> {
  const [descriptor] = members
  const manifest = members.find(({ name }) => name.endsWith('.mf'))
  report.note(
    'OVA',
    'its first file is the descriptor',
    !descriptor?.name.endsWith('.ovf') && 'it is something else',
  )
  report.note(
    'OVA',
    'plain ustar',
    members.some(({ format }) => format !== 'ustar') && 'importers may not read it',
  )
  if (!descriptor) return undefined
  await verifyManifest(members, manifest, report)
  const text = (await wholeOf(descriptor.content)).toString('utf8')
  const [, href] = text.match(/ovf:href="([^"]+)"/) ?? []
  const vmdk = members.find(({ name }) => name === href)
  if (!vmdk) {
    report.note(descriptor.name, 'names a disk that is there', `${href ?? 'none'} is missing`)
    return undefined
  }
  const disk = await report.read(vmdk.name, 'a VMDK, with its tables', () => openVmdk(vmdk.content))
  const said = (key: string) => Number(text.match(new RegExp(`ovf:${key}="(\\d+)"`))?.[1])
  report.note(
    descriptor.name,
    'size of the file',
    said('size') !== vmdk.content.size && `it says ${said('size')}`,
  )
  if (disk)
    report.note(
      descriptor.name,
      'size of the disk',
      said('capacity') !== disk.size && `it says ${said('capacity')}`,
    )
  return disk
}

async function verifyManifest(
  members: readonly TarMember[],
  manifest: TarMember | undefined,
  report: Report,
): Promise<void> {
  if (!manifest) return report.note('OVA', 'a manifest', 'there is none')
  const text = (await wholeOf(manifest.content)).toString('utf8')
  const digests = new Map(
    [...text.matchAll(/^SHA256\((.+)\)= ([0-9a-f]{64})$/gm)].map(([, name, digest]) => [name, digest]),
  )
  for (const { name, content } of members) {
    if (name === manifest.name) continue
    const found = await digestOf(content)
    report.note(
      name,
      'its digest in the manifest',
      found !== `sha256:${digests.get(name)}` && 'it is another one',
    )
  }
}

import type { DmiName } from '../facts/dmi.ts'

/** What tells that a source may be there. All that a clue names must fit. */
export type Clue =
  | { readonly dmi: Partial<Readonly<Record<DmiName, RegExp>>> }
  /** A file system with that label, lower-case. */
  | { readonly label: string }
  /** A word of the kernel's command line. */
  | { readonly word: string }
  | { readonly path: string }
  /** An optical drive with a medium in it. */
  | { readonly optical: true }

export interface Provider {
  readonly name: string
  /** `local`: needs no network. */
  readonly place: 'local' | 'network'
  readonly clues: readonly Clue[]
}

/**
 * All data sources, in the order in which they are asked: what somebody put into the machine comes before what its platform
 * says. Names are the field's, those from `fw-cfg` on are ours. Clues are those of cloud-init's ds-identify and of the
 * platforms' own documentation.
 */
export const providers = [
  {
    name: 'cdrom',
    place: 'local',
    clues: [{ label: 'cidata' }, { optical: true }],
  },
  { name: 'config-drive', place: 'local', clues: [{ label: 'config-2' }] },
  { name: 'fw-cfg', place: 'local', clues: [{ path: '/sys/firmware/qemu_fw_cfg/by_name/opt/kiln' }] },
  { name: 'vmware', place: 'local', clues: [{ dmi: { sys_vendor: /^VMware/ } }] },
  /** Asked only by a step that names a path. */
  { name: 'file', place: 'local', clues: [] },
  { name: 'nocloud', place: 'network', clues: [] },
  { name: 'maas', place: 'network', clues: [{ word: 'cloud-config-url' }] },
  {
    name: 'aws',
    place: 'network',
    clues: [
      { dmi: { sys_vendor: /^Amazon EC2$/ } },
      { dmi: { bios_vendor: /^Amazon EC2$/ } },
      // Machines on Xen.
      { dmi: { product_uuid: /^ec2/i, bios_version: /amazon/i } },
    ],
  },
  {
    name: 'azure',
    place: 'network',
    clues: [{ dmi: { chassis_asset_tag: /^7783-7084-3265-9085-8269-3286-77$/ } }],
  },
  {
    name: 'gcp',
    place: 'network',
    clues: [
      { dmi: { product_name: /^Google Compute Engine$/ } },
      { dmi: { product_serial: /^GoogleCloud-/ } },
    ],
  },
  {
    name: 'openstack',
    place: 'network',
    clues: [
      { dmi: { product_name: /^(OpenStack (Nova|Compute)|Samsung Cloud Platform)$/ } },
      { dmi: { sys_vendor: /^OpenStack Foundation$/ } },
      {
        dmi: {
          chassis_asset_tag:
            /^(OpenTelekomCloud|HUAWEICLOUD|SAP CCloud VM|Samsung Cloud Platform|OpenStack (Nova|Compute))$/,
        },
      },
    ],
  },
  { name: 'oracle', place: 'network', clues: [{ dmi: { chassis_asset_tag: /^OracleCloud\.com$/ } }] },
  { name: 'digitalocean', place: 'network', clues: [{ dmi: { sys_vendor: /^DigitalOcean$/ } }] },
  { name: 'hetzner', place: 'network', clues: [{ dmi: { sys_vendor: /^Hetzner$/ } }] },
  { name: 'vultr', place: 'network', clues: [{ dmi: { sys_vendor: /^Vultr$/ } }, { word: 'vultr' }] },
  {
    name: 'scaleway',
    place: 'network',
    clues: [{ dmi: { sys_vendor: /^Scaleway$/ } }, { word: 'scaleway' }],
  },
  // Nothing in these machines tells it.
  { name: 'packet', place: 'network', clues: [] },
  { name: 'metaldata', place: 'network', clues: [] },
] as const satisfies readonly Provider[]

export type ProviderName = (typeof providers)[number]['name']
export const providerNames: readonly ProviderName[] = providers.map(({ name }) => name)

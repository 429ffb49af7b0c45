import * as z from 'zod/mini'
import { type Ask, ask, askIfThere, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { part, parts, text } from './shapes.ts'

/** Format: Vultr, "Metadata API reference". */
const base = 'http://169.254.169.254'

const Shape = z.object({
  hostname: text,
  instanceid: text,
  'instance-v2-id': text,
  /** One text with lines in old versions. */
  'public-keys': z.optional(z.nullable(z.union([z.string(), z.array(z.string())]))),
  region: part({ regioncode: text }),
  interfaces: parts({ 'network-type': text, ipv4: part({ address: text, netmask: text }) }),
})

export function readVultr(asker: Ask): Metadata {
  const known = readJson(Shape, ask(asker, { url: `${base}/v1.json` }).text, 'v1.json')
  const network = (type: string) => known.interfaces.find((one) => one['network-type'] === type)?.ipv4
  const id = known['instance-v2-id'] ?? known.instanceid
  const keys = known['public-keys'] ?? []
  return metadata({
    instanceId: id,
    hostname: known.hostname,
    publicKeys: typeof keys === 'string' ? [keys] : keys,
    extras: {
      instance_id: id,
      private_ipv4: network('private')?.address,
      private_netmask: network('private')?.netmask,
      public_ipv4: network('public')?.address,
      region_code: known.region.regioncode,
    },
    userdata: askIfThere(asker, { url: `${base}/latest/user-data` })?.bytes,
  })
}

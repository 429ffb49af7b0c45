import { type Ask, ask, askIfThere, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { texts } from './shapes.ts'

/** Format: Hetzner Cloud, "Server metadata". */
const base = 'http://169.254.169.254/hetzner/v1'

export function readHetzner(asker: Ask): Metadata {
  const read = (name: string) => askIfThere(asker, { url: `${base}/metadata/${name}` })?.text.trim()
  const instanceId = ask(asker, { url: `${base}/metadata/instance-id` }).text.trim()
  const keys = read('public-keys')
  return metadata({
    instanceId,
    hostname: read('hostname'),
    publicKeys: keys ? readJson(texts, keys, 'public-keys') : [],
    extras: {
      availability_zone: read('availability-zone'),
      instance_id: instanceId,
      // As the field calls it.
      public_ipv4: read('public-ipv4'),
      region: read('region'),
    },
    userdata: askIfThere(asker, { url: `${base}/userdata` })?.bytes,
  })
}

import * as z from 'zod/mini'
import { type Ask, ask, askIfThere, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { part, parts, text } from './shapes.ts'

/** Format: Scaleway, "Instance metadata". User data is given to ports below 1024 only, which root alone can use. */
const base = 'http://169.254.42.42'

const Shape = z.object({
  id: text,
  hostname: text,
  commercial_type: text,
  ssh_public_keys: parts({ key: text }),
  location: part({ zone_id: text }),
  public_ip: part({ address: text }),
  private_ip: text,
})

export function readScaleway(asker: Ask): Metadata {
  const known = readJson(Shape, ask(asker, { url: `${base}/conf?format=json` }).text, 'conf')
  return metadata({
    instanceId: known.id,
    hostname: known.hostname,
    publicKeys: known.ssh_public_keys.flatMap(({ key }) => key ?? []),
    extras: {
      instance_id: known.id,
      instance_location: known.location.zone_id,
      instance_type: known.commercial_type,
      private_ip: known.private_ip,
      public_ip: known.public_ip.address,
    },
    userdata: askIfThere(asker, { url: `${base}/user_data/cloud-init`, privileged: true })?.bytes,
  })
}

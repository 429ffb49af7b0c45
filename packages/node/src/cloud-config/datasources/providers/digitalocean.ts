import { utf8Bytes } from '@kiln/contract'
import * as z from 'zod/mini'
import { type Ask, ask, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { part, parts, text, texts } from './shapes.ts'

/** Format: DigitalOcean, "Droplet metadata". */
const url = 'http://169.254.169.254/metadata/v1.json'

const addresses = parts({ ipv4: part({ ip_address: text }) })
const Shape = z.object({
  droplet_id: text,
  hostname: text,
  region: text,
  public_keys: texts,
  user_data: text,
  interfaces: part({ public: addresses, private: addresses }),
})

export function readDigitalOcean(asker: Ask): Metadata {
  const known = readJson(Shape, ask(asker, { url }).text, 'metadata/v1.json')
  return metadata({
    instanceId: known.droplet_id,
    hostname: known.hostname,
    publicKeys: known.public_keys,
    extras: {
      id: known.droplet_id,
      local_ipv4: known.interfaces.private?.[0]?.ipv4.ip_address,
      public_ipv4: known.interfaces.public?.[0]?.ipv4.ip_address,
      region: known.region,
    },
    userdata: known.user_data === undefined ? undefined : utf8Bytes(known.user_data),
  })
}

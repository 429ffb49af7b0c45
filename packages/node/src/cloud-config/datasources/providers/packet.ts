import * as z from 'zod/mini'
import { type Ask, ask, askIfThere, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { part, parts, text, texts } from './shapes.ts'

/** Equinix Metal, once Packet. A public name that answers everywhere, so it is asked only by who is told to. */
const base = 'https://metadata.platformequinix.com'

const Shape = z.object({
  id: text,
  hostname: text,
  ssh_keys: texts,
  plan: text,
  facility: text,
  metro: text,
  network: part({
    addresses: parts({ address: text, public: z.optional(z.boolean()), address_family: text }),
  }),
})

export function readPacket(asker: Ask): Metadata {
  const known = readJson(Shape, ask(asker, { url: `${base}/metadata` }).text, 'metadata')
  const addresses = (known.network.addresses ?? []).filter((one) => one.address_family === '4')
  return metadata({
    instanceId: known.id,
    hostname: known.hostname,
    publicKeys: known.ssh_keys,
    extras: {
      facility: known.facility,
      instance_id: known.id,
      instance_type: known.plan,
      local_ipv4: addresses.find((one) => one.public === false)?.address,
      metro: known.metro,
      public_ipv4: addresses.find((one) => one.public === true)?.address,
    },
    userdata: askIfThere(asker, { url: `${base}/userdata` })?.bytes,
  })
}

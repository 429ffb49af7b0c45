import * as z from 'zod/mini'
import { type Ask, ask, askIfThere, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { readEc2 } from './aws.ts'
import { text } from './shapes.ts'

/** Format: OpenStack Nova, "Metadata service"; the same files are on a config drive. */
const base = 'http://169.254.169.254/openstack/latest'

const Shape = z.object({
  uuid: text,
  name: text,
  hostname: text,
  availability_zone: text,
  project_id: text,
  public_keys: z.optional(z.nullable(z.record(z.string(), z.string()))),
})

/** The native tree, and EC2's where an old service has no other. */
export function readOpenStack(asker: Ask): Metadata {
  const answer = askIfThere(asker, { url: `${base}/meta_data.json` })
  if (answer === undefined) return readEc2(asker)
  const read = (name: string) => askIfThere(asker, { url: `${base}/${name}` })?.bytes
  const known = openStackMetadata(answer.text, read('user_data'), read('vendor_data.json'))
  const type = askIfThere(asker, { url: 'http://169.254.169.254/latest/meta-data/instance-type' })
  return type === undefined
    ? known
    : { ...known, extras: { ...known.extras, instance_type: type.text.trim() } }
}

/** @param json meta_data.json */
export function openStackMetadata(
  json: string,
  userdata: Uint8Array | undefined,
  vendordata?: Uint8Array | undefined,
): Metadata {
  const known = readJson(Shape, json, 'meta_data.json')
  return metadata({
    instanceId: known.uuid,
    hostname: known.hostname ?? known.name,
    publicKeys: Object.values(known.public_keys ?? {}),
    extras: {
      availability_zone: known.availability_zone,
      instance_id: known.uuid,
      local_hostname: known.name,
      project_id: known.project_id,
    },
    userdata,
    vendordata,
  })
}

/** Oracle: its own tree, asked with a header that no browser can be made to send. Format: Oracle, "Instance Metadata". */
const oracle = 'http://169.254.169.254/opc/v2/instance/'

const OracleShape = z.object({
  id: text,
  hostname: text,
  displayName: text,
  availabilityDomain: text,
  canonicalRegionName: text,
  shape: text,
  metadata: z.optional(z.nullable(z.object({ ssh_authorized_keys: text, user_data: text }))),
})

export function readOracle(asker: Ask, decode: (text: string) => Uint8Array): Metadata {
  const { text: json } = ask(asker, { url: oracle, headers: ['Authorization: Bearer Oracle'] })
  const known = readJson(OracleShape, json, 'opc/v2/instance')
  const { ssh_authorized_keys: keys, user_data: data } = known.metadata ?? {}
  return metadata({
    instanceId: known.id,
    hostname: known.hostname ?? known.displayName,
    publicKeys: keys === undefined ? [] : [keys],
    extras: {
      availability_zone: known.availabilityDomain,
      instance_id: known.id,
      instance_type: known.shape,
      region: known.canonicalRegionName,
    },
    userdata: data === undefined ? undefined : decode(data),
  })
}

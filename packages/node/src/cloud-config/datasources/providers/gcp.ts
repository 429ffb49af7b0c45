import { utf8Bytes } from '@kiln/contract'
import * as z from 'zod/mini'
import { decodeBase64 } from '../../base64.ts'
import { type Ask, ask, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'
import { part, parts, text } from './shapes.ts'

/** Compute Engine metadata. By its address: the name needs a name server. Format: Google, "About VM metadata". */
const base = 'http://169.254.169.254/computeMetadata/v1'
const headers = ['Metadata-Flavor: Google']

const attributes = part({
  'user-data': text,
  'user-data-encoding': text,
  'ssh-keys': text,
  'block-project-ssh-keys': text,
})
const Shape = z.object({
  instance: z.object({
    hostname: text,
    zone: text,
    machineType: text,
    attributes,
    networkInterfaces: parts({ ip: text, accessConfigs: parts({ externalIp: text }) }),
  }),
  project: part({ projectId: text, attributes }),
})

export function readGcp(asker: Ask): Metadata {
  // On its own: the number is larger than JSON's.
  const id = ask(asker, { url: `${base}/instance/id`, headers }).text.trim()
  const all = ask(asker, { url: `${base}/?recursive=true&alt=json`, headers }).text
  const { instance, project } = readJson(Shape, all, base)
  const [network] = instance.networkInterfaces
  const blocked = instance.attributes['block-project-ssh-keys']?.toLowerCase() === 'true'
  const keys = [instance.attributes['ssh-keys'], blocked ? undefined : project.attributes?.['ssh-keys']]
  return metadata({
    instanceId: id,
    hostname: instance.hostname,
    publicKeys: keys.flatMap((lines) => (lines ?? '').split('\n').map(withoutUser)),
    extras: {
      availability_zone: instance.zone?.split('/').at(-1),
      instance_id: id,
      instance_type: instance.machineType?.split('/').at(-1),
      local_ipv4: network?.ip,
      project_id: project.projectId,
      public_ipv4: network?.accessConfigs[0]?.externalIp,
    },
    userdata: userdata(instance.attributes),
  })
}

/** A line is `user:ssh-ed25519 AAAA… comment`. */
function withoutUser(line: string): string {
  return line.replace(/^[^:\s]+:(?=[a-z])/, '')
}

function userdata(known: z.infer<typeof attributes>): Uint8Array | undefined {
  const data = known['user-data']
  if (data === undefined) return undefined
  if (known['user-data-encoding'] !== 'base64') return utf8Bytes(data)
  try {
    return decodeBase64(data)
  } catch (error) {
    throw new DataSourceError('unreadable', `user-data ${(error as Error).message}`, error)
  }
}

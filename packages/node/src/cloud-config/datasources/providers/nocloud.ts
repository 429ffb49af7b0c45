import { valueOfYaml } from '@kiln/contract/yaml/read'
import * as z from 'zod/mini'
import { type Ask, askIfThere } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'
import { text, texts } from './shapes.ts'

/** Format: cloud-init, "NoCloud". meta-data is YAML; keys are a list, or a map as EC2 has it. */
const Shape = z.object({
  'instance-id': text,
  'local-hostname': text,
  hostname: text,
  seedfrom: text,
  'public-keys': z.optional(z.nullable(z.union([texts, z.record(z.string(), z.unknown()), z.string()]))),
})

export interface NoCloudFiles {
  readonly metadata: string | undefined
  readonly userdata: Uint8Array | undefined
  readonly vendordata?: Uint8Array | undefined
}

/** What a seed says, from wherever its files came. */
export function noCloudMetadata(files: NoCloudFiles): Metadata {
  const known = readMetaData(files.metadata ?? '')
  const found = metadata({
    instanceId: known['instance-id'],
    hostname: known['local-hostname'] ?? known.hostname,
    publicKeys: keysOf(known['public-keys']),
    extras: { instance_id: known['instance-id'], local_hostname: known['local-hostname'] },
    userdata: files.userdata,
    vendordata: files.vendordata,
  })
  return known.seedfrom === undefined ? found : { ...found, seedFrom: known.seedfrom }
}

/**
 * A seed on a server: the files `meta-data`, `user-data` and `vendor-data` below an address.
 * @param seed ends where the names begin: usually with a `/`
 */
export function readSeed(asker: Ask, seed: string): Metadata {
  const read = (name: string) => askIfThere(asker, { url: `${seed}${name}` })
  const [meta, user, vendor] = [read('meta-data'), read('user-data'), read('vendor-data')]
  if (meta === undefined && user === undefined) {
    throw new DataSourceError('refused', `${seed} has neither meta-data nor user-data`)
  }
  return noCloudMetadata({ metadata: meta?.text, userdata: user?.bytes, vendordata: vendor?.bytes })
}

/** What is said on the kernel's command line or by the firmware beside the address counts for more. */
export function withNames(
  found: Metadata,
  names: { readonly hostname?: string | undefined; readonly instanceId?: string | undefined },
): Metadata {
  return {
    ...found,
    hostname: names.hostname ?? found.hostname,
    instanceId: names.instanceId ?? found.instanceId,
  }
}

function readMetaData(yaml: string): Partial<z.infer<typeof Shape>> {
  let value: unknown
  try {
    value = valueOfYaml(yaml)
  } catch (error) {
    throw new DataSourceError('unreadable', `meta-data: ${(error as Error).message.split('\n')[0]}`, error)
  }
  if (value === null || value === undefined) return {}
  const result = z.safeParse(Shape, value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new DataSourceError('unreadable', `meta-data: ${issue?.path.join('.')}: ${issue?.message}`)
}

function keysOf(keys: z.infer<typeof Shape>['public-keys']): string[] {
  if (keys === null || keys === undefined) return []
  if (typeof keys === 'string') return [keys]
  const values = Array.isArray(keys) ? keys : Object.values(keys)
  return values.filter((value) => typeof value === 'string')
}

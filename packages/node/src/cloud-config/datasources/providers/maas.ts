import { valueOfYaml } from '@kiln/contract/yaml/read'
import * as z from 'zod/mini'
import { type Ask, ask, askIfThere } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'

/**
 * MAAS. The kernel's command line names a document (`cloud-config-url=`) that names the service and the keys for it.
 * Format: cloud-init, "MAAS"; OAuth 1.0 with the signature PLAINTEXT (RFC 5849 §3.4.4).
 */
const Access = z.object({
  metadata_url: z.string(),
  consumer_key: z.string(),
  token_key: z.string(),
  token_secret: z.string(),
  consumer_secret: z._default(z.string(), ''),
})
type Access = z.infer<typeof Access>
const Preseed = z.object({ datasource: z.object({ MAAS: Access }) })

const version = '2012-03-01'

/**
 * @param url of the document that the command line names
 * @param now milliseconds since 1970
 */
export function readMaas(asker: Ask, url: string, now: number): Metadata {
  const access = readPreseed(ask(asker, { url }).text)
  const base = `${access.metadata_url.replace(/\/+$/, '')}/${version}`
  const headers = [authorization(access, now)]
  const read = (path: string) => askIfThere(asker, { url: `${base}/${path}`, headers })
  const instanceId = ask(asker, { url: `${base}/meta-data/instance-id`, headers }).text.trim()
  return metadata({
    instanceId,
    hostname: read('meta-data/local-hostname')?.text,
    publicKeys: [read('meta-data/public-keys')?.text ?? ''],
    extras: { instance_id: instanceId },
    userdata: read('user-data')?.bytes,
  })
}

function readPreseed(yaml: string): Access {
  let value: unknown
  try {
    value = valueOfYaml(yaml)
  } catch (error) {
    throw new DataSourceError('unreadable', 'cloud-config-url is not YAML', error)
  }
  const result = z.safeParse(Preseed, value)
  if (result.success) return result.data.datasource.MAAS
  const [issue] = result.error.issues
  throw new DataSourceError('unreadable', `cloud-config-url: ${issue?.path.join('.')}: ${issue?.message}`)
}

function authorization(access: Access, now: number): string {
  const escaped = encodeURIComponent
  const fields = {
    oauth_version: '1.0',
    oauth_signature_method: 'PLAINTEXT',
    oauth_consumer_key: escaped(access.consumer_key),
    oauth_token: escaped(access.token_key),
    oauth_signature: escaped(`${escaped(access.consumer_secret)}&${escaped(access.token_secret)}`),
    oauth_timestamp: String(Math.floor(now / 1000)),
    oauth_nonce: String(now),
  }
  const pairs = Object.entries(fields).map(([name, value]) => `${name}="${value}"`)
  return `Authorization: OAuth ${pairs.join(', ')}`
}

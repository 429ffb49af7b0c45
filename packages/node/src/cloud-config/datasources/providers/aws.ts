import { type Ask, ask, askIfThere, type Question } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'

/** EC2 instance metadata. Format: AWS, "Use instance metadata". */
const base = 'http://169.254.169.254/latest'
/** Names in /run/config → paths. */
const extras = {
  availability_zone: 'placement/availability-zone',
  instance_id: 'instance-id',
  instance_type: 'instance-type',
  local_hostname: 'local-hostname',
  local_ipv4: 'local-ipv4',
  public_ipv4: 'public-ipv4',
  region: 'placement/region',
} as const

/**
 * Asks with a token (IMDSv2). Without one only where that is allowed: a service that does not know tokens can be asked by
 * whatever on this machine can be made to send a GET.
 * @param allowV1 `ds=aws;imdsv1=true`
 */
export function readAws(asker: Ask, allowV1: boolean): Metadata {
  return readEc2(withToken(asker, allowV1))
}

/** The same tree without tokens, as OpenStack and others have it. */
export function readEc2(asker: Ask): Metadata {
  const read = (path: string) => askIfThere(asker, { url: `${base}/meta-data/${path}` })?.text.trim()
  const instanceId = ask(asker, { url: `${base}/meta-data/instance-id` }).text.trim()
  const found = Object.entries(extras).map(([name, path]) => [name, read(path)] as const)
  return metadata({
    instanceId,
    hostname: read('hostname'),
    publicKeys: publicKeys(read),
    extras: Object.fromEntries(found),
    userdata: askIfThere(asker, { url: `${base}/user-data` })?.bytes,
  })
}

/** The list has lines `0=name`. */
function publicKeys(read: (path: string) => string | undefined): string[] {
  const indexes = (read('public-keys/') ?? '').split('\n').flatMap((line) => line.match(/^(\d+)=/)?.[1] ?? [])
  return indexes.flatMap((index) => read(`public-keys/${index}/openssh-key`) ?? [])
}

const tokenSeconds = 300

function withToken(asker: Ask, allowV1: boolean): Ask {
  const header = `X-aws-ec2-metadata-token-ttl-seconds: ${tokenSeconds}`
  const { status, text } = asker({ url: `${base}/api/token`, method: 'PUT', headers: [header] })
  const token = text.trim()
  if (status === 200 && /^[\x21-\x7e]+$/.test(token)) {
    return (question: Question) => asker({ ...question, headers: [`X-aws-ec2-metadata-token: ${token}`] })
  }
  if (allowV1) return asker
  throw new DataSourceError(
    'refused',
    `${base}/api/token answers ${status}: it gives no token, and imdsv1 is not allowed`,
  )
}

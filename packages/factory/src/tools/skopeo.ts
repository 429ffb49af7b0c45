import { KilnError } from '@kiln/contract'
import { redactText } from '../run/redact.ts'

/** skopeo 1.18, which moves images between registries, files and folders. Runs among the container tools. */
export interface SkopeoAccess {
  readonly authFile?: string | undefined
  readonly certFolder?: string | undefined
  readonly registriesConf?: string | undefined
  readonly allowInsecure: boolean
}

export interface SkopeoOptions {
  /** With its transport: `docker://…`, `oci:/…`. */
  readonly source: string
  readonly arch: string
  readonly access: SkopeoAccess
  /** Folder for large temporary files. */
  readonly temporary: string
}

/** Tries again where the network fails, not where the registry says no. */
const retries = ['--retry-times', '2']

/** The manifest as it is stored, or the configuration of the image for an architecture. */
export function inspectArguments(what: 'manifest' | 'config', options: SkopeoOptions): [string, ...string[]] {
  const config = what === 'config' ? ['--config'] : []
  return [
    'skopeo',
    ...global(options),
    'inspect',
    '--raw',
    ...config,
    ...retries,
    ...access(options),
    options.source,
  ]
}

/**
 * Copies one image into a folder of plain tar files (transport `dir`), beside a manifest.json that names them by digest,
 * lowest first. Digests are checked while it copies; packed layers are unpacked, whichever way they were packed.
 */
export function copyArguments(options: SkopeoOptions, target: string): [string, ...string[]] {
  return [
    ...(['skopeo', ...global(options), 'copy'] as const),
    ...['--remove-signatures', '--dest-decompress', ...retries, ...access(options, 'src-')],
    ...[options.source, `dir:${target}`],
  ]
}

/**
 * Copies all that a tag of an image layout names into a registry. No manifest may change: their digests are known already.
 * @param digestFile where the digest of what the registry has then is written
 */
export function pushArguments(
  options: SkopeoOptions,
  target: string,
  digestFile: string,
): [string, ...string[]] {
  return [
    ...(['skopeo', ...global(options), 'copy', '--all', '--preserve-digests'] as const),
    ...[`--digestfile=${digestFile}`, ...retries, ...access({ ...options, source: target }, 'dest-')],
    ...[options.source, target],
  ]
}

/** Copies one manifest and its blobs into a folder (transport `dir`), each blob as it is, under its digest. */
export function pullArguments(options: SkopeoOptions, target: string): [string, ...string[]] {
  return [
    ...(['skopeo', ...global(options), 'copy', '--preserve-digests', ...retries] as const),
    ...[...access(options, 'src-'), options.source, `dir:${target}`],
  ]
}

/** Signatures by name are not asked for: Kiln pins images by digest. */
function global({ arch, temporary, access }: SkopeoOptions): string[] {
  return [
    ...['--insecure-policy', '--override-os', 'linux', '--override-arch', arch, '--tmpdir', temporary],
    ...(access.registriesConf ? ['--registries-conf', access.registriesConf] : []),
  ]
}

/** TLS is always spelt out: so an `insecure = true` in a registries.conf does not count either. */
function access({ source, access }: SkopeoOptions, prefix = ''): string[] {
  if (!source.startsWith('docker://')) return []
  return [
    `--${prefix}tls-verify=${!access.allowInsecure}`,
    ...(access.authFile ? [`--${prefix}authfile`, access.authFile] : []),
    ...(access.certFolder ? [`--${prefix}cert-dir`, access.certFolder] : []),
  ]
}

/** Takes user names, passwords and signed queries out of the addresses in a text. */
export function redactAddresses(text: string): string {
  return redactText(text).replaceAll(/(\w:\/\/[^\s"?]+)\?[^\s"]*/g, '$1?…')
}

type Complaint = readonly [
  pattern: RegExp,
  error: (what: string) => readonly [KilnError['code'], string, string?],
]

/** What skopeo and registries say, the more particular first. */
const complaints: readonly Complaint[] = [
  [
    /server gave HTTP response to HTTPS client/,
    (what) => ['E-REGISTRY-INSECURE', `the registry of ${what} speaks plain HTTP`, insecureHint],
  ],
  [
    /x509: |certificate signed by unknown authority|tls: failed to verify/,
    (what) => [
      'E-REGISTRY-INSECURE',
      `the certificate of the registry of ${what} is not trusted`,
      insecureHint,
    ],
  ],
  [
    /unauthorized|authentication required|invalid username\/password|access .*denied|denied: |403 \(?Forbidden/i,
    (what) => [
      'E-REGISTRY-DENIED',
      `the registry does not give out ${what}`,
      'log in with docker login or podman login, or name a file by REGISTRY_AUTH_FILE; helper programs for credentials are not asked',
    ],
  ],
  [
    /toomanyrequests|\b429\b/i,
    (what) => [
      'E-REGISTRY-UNREACHABLE',
      `the registry limits how often ${what} is fetched`,
      'wait, or log in',
    ],
  ],
  [
    /digest did not match|does not match .*digest|Digest of source image's manifest/i,
    (what) => ['E-BASE-CHANGED', `${what} does not have the digest that it should have`],
  ],
  [
    /manifest unknown|name unknown|not known to registry|404 \(?Not Found|no descriptor found for reference/i,
    (what) => ['E-BASE-MISSING', `there is no ${what}`, 'check name, tag and digest'],
  ],
  [
    /no image found in (?:image )?index for architecture|no image found in manifest list/i,
    (what) => ['E-BASE-MISMATCH', `${what} has no image for this architecture`],
  ],
  [
    /more than one image in oci|multiple images|unexpected number of (?:entries|items)/i,
    (what) => [
      'E-BASE-MISSING',
      `${what} holds several images`,
      'name one by its tag: oci-layout:<folder>:<tag>',
    ],
  ],
  [
    /dial tcp|no such host|connection refused|i\/o timeout|connection reset|unexpected EOF|\b50[0234] |server misbehaving/i,
    (what) => [
      'E-REGISTRY-UNREACHABLE',
      `the registry of ${what} does not answer`,
      'running the same command again is safe',
    ],
  ],
]

const insecureHint =
  'put its authority into a folder and name that by KILN_REGISTRY_CERTS, or allow it with KILN_REGISTRY_INSECURE=1'

/**
 * Turns the complaints of skopeo into Kiln's. @param what names the base in the message
 * @param network whether a registry can be to blame
 */
export function explainSkopeo(output: string, what: string, network: boolean): KilnError {
  const shown = redactAddresses(output)
  for (const [pattern, error] of complaints) {
    if (!pattern.test(output)) continue
    const [code, message, hint] = error(what)
    if (!network && code.startsWith('E-REGISTRY-')) continue
    return new KilnError(code, message, { hint, output: shown })
  }
  const last = shown.match(/msg="(.*)"$/m)?.[1]?.replaceAll('\\"', '"') ?? shown.trim().split('\n').at(-1)
  return new KilnError('E-BASE-UNKNOWN', `${what} cannot be read: ${last}`, { output: shown })
}

/** What a data source knows of this machine. */
export interface Metadata {
  /** Changes when the same disk becomes another machine. Undefined where the source has none: the content decides. */
  readonly instanceId: string | undefined
  readonly hostname: string | undefined
  /** OpenSSH public keys, one each. */
  readonly publicKeys: readonly string[]
  /** Further files of /run/config, by their names in the field: `region`, `public_ipv4`. */
  readonly extras: Readonly<Record<string, string>>
  /** As it came: a cloud-config, a script, a MIME message, or one of them packed by gzip. */
  readonly userdata: Uint8Array | undefined
  readonly vendordata?: Uint8Array | undefined
  /** The rest is on a server: NoCloud's `seedfrom`. */
  readonly seedFrom?: string
}

/** Metadata out of whatever a source has; empty texts are none. */
export function metadata(known: {
  readonly instanceId?: string | number | undefined
  readonly hostname?: string | undefined
  readonly publicKeys?: readonly string[] | undefined
  readonly extras?: Readonly<Record<string, string | number | undefined>>
  readonly userdata?: Uint8Array | undefined
  readonly vendordata?: Uint8Array | undefined
}): Metadata {
  const extras = Object.entries(known.extras ?? {}).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as const],
  )
  return {
    instanceId: known.instanceId === undefined ? undefined : String(known.instanceId) || undefined,
    hostname: known.hostname?.trim() || undefined,
    publicKeys: (known.publicKeys ?? []).flatMap(keyLines),
    extras: Object.fromEntries(extras),
    userdata: known.userdata?.length ? known.userdata : undefined,
    vendordata: known.vendordata?.length ? known.vendordata : undefined,
  }
}

/** Lines of a list of keys, without blank ones and notes. */
export function keyLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

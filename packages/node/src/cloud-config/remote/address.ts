/** An address of a configuration, taken apart. */
export interface Address {
  /** As curl gets it: without the pin. */
  readonly url: string
  readonly scheme: 'http' | 'https'
  /** Host and port, lower-case: `example.org:443`. */
  readonly authority: string
  /** Without brackets: `::1`. */
  readonly host: string
  /** `sha256:<64 hex digits>`: what is fetched has to have it. */
  readonly digest: string | undefined
}

const largest = 4096

/**
 * Reads `http[s]://host[:port]/path?query[#sha256=<64 hex digits>]`. Strict on purpose: what two programs read in different
 * ways is a way around every rule.
 * @returns a text that says what is wrong with it
 */
export function parseAddress(text: string): Address | string {
  if (text.length > largest) return 'the address is too long'
  if (/\\|[^\x21-\x7e]/.test(text)) {
    return 'the address has blanks, backslashes or letters that must be escaped'
  }
  const [, scheme, authority = '', path = '', fragment] =
    text.match(/^(https?):\/\/([^/?#]*)([^#]*)(?:#(.*))?$/i) ?? []
  if (scheme === undefined) return 'the address does not begin with http:// or https://'
  const lower = scheme.toLowerCase() === 'https' ? 'https' : 'http'
  const server = readAuthority(authority, lower)
  if (typeof server === 'string') return server
  const pin = fragment === undefined ? undefined : readPin(fragment)
  if (fragment !== undefined && pin === undefined) {
    return 'what follows the # is no pin: write #sha256= and 64 lower-case hex digits'
  }
  return { url: `${lower}://${authority}${path || '/'}`, scheme: lower, ...server, digest: pin }
}

function readPin(fragment: string): string | undefined {
  const digits = fragment.match(/^sha256=([\da-f]{64})$/)?.[1]
  return digits && `sha256:${digits}`
}

/** Nothing that is escaped: curl would take it for another host. */
const authorityPattern = /^(?:[^@]*@)?(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i

function readAuthority(
  authority: string,
  scheme: Address['scheme'],
): Pick<Address, 'authority' | 'host'> | string {
  const [, host, digits] = authority.match(authorityPattern) ?? []
  if (host === undefined) return 'the address names no host, or not one that is written plainly'
  const port = digits === undefined ? { https: 443, http: 80 }[scheme] : Number(digits)
  if (port < 1 || port > 65_535) return `the address has the port ${port}`
  const bare = host.toLowerCase().replace(/\.$/, '')
  return { authority: `${bare}:${port}`, host: bare.replace(/^\[|\]$/g, '') }
}

/** Where a redirect leads, as an address of its own. @param location as the server says it, perhaps relative */
export function redirectTarget(from: Address, location: string): Address | string {
  const [, origin = ''] = from.url.match(/^(https?:\/\/[^/?]*)/) ?? []
  const path = from.url.slice(origin.length).replace(/\?.*$/, '')
  const target = location.replace(/#.*$/, '')
  if (/^[a-z][a-z\d+.-]*:/i.test(target)) return parseAddress(target)
  if (target.startsWith('//')) return parseAddress(`${from.scheme}:${target}`)
  if (target.startsWith('/')) return parseAddress(`${origin}${target}`)
  if (target.startsWith('?')) return parseAddress(`${origin}${path}${target}`)
  return parseAddress(`${origin}${path.replace(/[^/]*$/, '')}${target}`)
}

/** For messages and lists: tokens in the query and before the @ are nobody's business. */
export function shown(url: string): string {
  return url.replace(/\?[^#]*/, '?…').replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1')
}

/**
 * Whether a host is this machine itself, or its own link, where metadata services give away secrets. A name says little, so
 * the address that was connected to is judged as well.
 */
export function isNear(host: string): boolean {
  const lower = host.toLowerCase()
  if (lower === 'localhost' || /\.(localhost|localdomain)$/.test(lower)) return true
  if (/^(localhost\.localdomain|ip6-localhost|ip6-loopback|metadata\.google\.internal)$/.test(lower))
    return true
  if (lower.includes(':')) return isNearIpv6(lower)
  // 127.1, 0x7f000001, 2130706433: curl takes them for addresses, and nobody needs to write them so.
  if (
    /^(0x[\da-f]+|\d+)(\.(0x[\da-f]+|\d+)){0,2}$|^(0x[\da-f]+|0\d+)\.|\.(0x[\da-f]+|0\d+)(\.|$)/.test(lower)
  ) {
    return true
  }
  return isNearIpv4(lower)
}

/** 0.0.0.0/8 and 127/8 are this machine, 169.254/16 its link; 168.63.129.16 is the host of a machine on Azure. */
function isNearIpv4(host: string): boolean {
  return /^(0|127)\.\d+\.\d+\.\d+$|^169\.254\.\d+\.\d+$|^168\.63\.129\.16$/.test(host)
}

/** RFC 4291: ::1, ::, fe80::/10, and IPv4 inside of them; fd00:ec2:: are the services of EC2. */
function isNearIpv6(host: string): boolean {
  const mapped = host.match(/^::(?:ffff:)?(\d+\.\d+\.\d+\.\d+)$/)?.[1]
  if (mapped !== undefined) return isNearIpv4(mapped)
  return /^[0:]+1?$|^fe[89ab][\da-f]:|^fd00:ec2:|^::ffff:|^(0+:){5}ffff:/.test(host)
}

import { type DhcpPacket, dhcpOptions, macText, messageTypes } from './dhcp-packet.ts'

/** What a machine's firmware can start: client system architectures of RFC 4578 and IANA's list after it. */
export type BootArchitecture = 'bios' | 'amd64' | 'arm64'

const architectures: Readonly<
  Record<number, { readonly arch?: BootArchitecture; readonly http?: true; readonly what: string }>
> = {
  0: { arch: 'bios', what: 'BIOS' },
  6: { what: 'UEFI for 32 bits' },
  7: { arch: 'amd64', what: 'UEFI' },
  9: { arch: 'amd64', what: 'UEFI' },
  11: { arch: 'arm64', what: 'UEFI for arm64' },
  15: { what: 'UEFI for 32 bits over HTTP', http: true },
  16: { arch: 'amd64', http: true, what: 'UEFI over HTTP' },
  19: { arch: 'arm64', http: true, what: 'UEFI for arm64 over HTTP' },
}

export interface ProxySettings {
  /** Four numbers: where TFTP and HTTP are. */
  readonly address: string
  /** Of the HTTP server, as machines reach it: `http://10.0.0.1:5000`. */
  readonly url: string
  /** Which loader there is for TFTP: a file name. */
  readonly loaders: Readonly<Partial<Record<BootArchitecture, string>>>
}

export type ProxyAnswer =
  | { readonly kind: 'answer'; readonly reply: DhcpPacket; readonly mac: string; readonly bootFile: string }
  /** Not for us, or nothing that we could give. */
  | {
      readonly kind: 'ignored'
      readonly mac: string
      readonly reason: string
      readonly worthTelling: boolean
    }

/**
 * Answers firmware that asks what to start, beside the network's own DHCP server, which gives the addresses (Preboot Execution
 * Environment 2.1, "ProxyDHCP"; UEFI specification, "HTTP Boot").
 * @param port 67 for what is broadcast, 4011 for who was told to ask again
 */
export function answerProxy(request: DhcpPacket, port: 67 | 4011, settings: ProxySettings): ProxyAnswer {
  const mac = macText(request)
  const ignored = (reason: string, worthTelling = false): ProxyAnswer => ({
    kind: 'ignored',
    mac,
    reason,
    worthTelling,
  })
  const type = request.options.get(dhcpOptions.messageType)?.[0]
  const expected = port === 67 ? messageTypes.discover : messageTypes.request
  if (request.operation !== 1 || type !== expected) return ignored('no question for a ProxyDHCP server')
  const vendorClass = request.options.get(dhcpOptions.vendorClass)?.toString('latin1') ?? ''
  const isHttp = vendorClass.startsWith('HTTPClient')
  if (!isHttp && !vendorClass.startsWith('PXEClient')) return ignored('it does not start from the network')
  const field = request.options.get(dhcpOptions.architecture)
  const code = field && field.length >= 2 ? field.readUInt16BE(0) : 0
  const bootFile = chooseBootFile(request, code, isHttp, settings)
  if ('reason' in bootFile) return ignored(bootFile.reason, true)
  return {
    kind: 'answer',
    mac,
    bootFile: bootFile.name,
    reply: replyTo(request, isHttp ? 'HTTPClient' : 'PXEClient', bootFile.name, settings),
  }
}

function chooseBootFile(
  request: DhcpPacket,
  code: number,
  isHttp: boolean,
  { url, loaders }: ProxySettings,
): { readonly name: string } | { readonly reason: string } {
  // iPXE speaks HTTP whatever firmware started it.
  if (isIpxe(request)) return { name: `${url}/netboot/boot.ipxe` }
  const known = architectures[code]
  if (!known) return { reason: `architecture ${code} is not known` }
  if (!known.arch) return { reason: `${known.what} cannot start what Kiln makes` }
  const loader = loaders[known.arch]
  if (loader === undefined) return { reason: `there is no loader for ${known.what}` }
  return { name: isHttp || known.http ? `${url}/netboot/loader/${loader}` : loader }
}

function isIpxe({ options }: DhcpPacket): boolean {
  return options.get(dhcpOptions.userClass)?.toString('latin1').includes('iPXE') === true
}

/** Take this file, and look for no other server: discovery control, bit 3. */
const takeThis = Buffer.from([6, 1, 8, 255])

function replyTo(
  request: DhcpPacket,
  vendorClass: 'HTTPClient' | 'PXEClient',
  bootFile: string,
  { address }: ProxySettings,
): DhcpPacket {
  const server = Buffer.from(address.split('.').map(Number))
  const wasDiscover = request.options.get(dhcpOptions.messageType)?.[0] === messageTypes.discover
  const machineId = request.options.get(dhcpOptions.machineId)
  const isPxe = vendorClass === 'PXEClient'
  return {
    operation: 2,
    hardware: request.hardware,
    transaction: request.transaction,
    flags: request.flags,
    clientAddress: request.clientAddress,
    nextServer: server,
    bootFile,
    options: new Map<number, Buffer>([
      [dhcpOptions.messageType, Buffer.from([wasDiscover ? messageTypes.offer : messageTypes.acknowledge])],
      [dhcpOptions.server, server],
      [dhcpOptions.vendorClass, Buffer.from(vendorClass)],
      ...(isPxe ? [[dhcpOptions.vendor, takeThis] as const] : []),
      [dhcpOptions.bootFile, Buffer.from(bootFile)],
      ...(machineId ? [[dhcpOptions.machineId, machineId] as const] : []),
    ]),
  }
}

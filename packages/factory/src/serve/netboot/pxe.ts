import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { KilnError } from '@kiln/contract'
import type { Emit } from '../../events.ts'
import { listenError } from '../http.ts'
import { formatDhcp, parseDhcp } from './dhcp-packet.ts'
import type { Loaders } from './loaders.ts'
import { answerProxy, type ProxySettings } from './proxy-dhcp.ts'
import { startTftp } from './tftp.ts'

export interface PxeOptions {
  /** Of this machine, on the network where the others are. */
  readonly address: string
  /** Where they find the HTTP server. */
  readonly url: string
  readonly loaders: Loaders
  readonly emit: Emit
}

export interface PxeServer {
  close(): Promise<void>
}

const dhcpPort = 67
const clientPort = 68
const bindPort = 4011
const tftpPort = 69

/**
 * Tells firmware what to start, beside the network's own DHCP server, and gives out the loaders. Gives no addresses.
 * @throws KilnError E-USAGE, E-LISTEN: the ports are for root
 */
export async function startPxe({ address, url, loaders, emit }: PxeOptions): Promise<PxeServer> {
  if (!isIPv4(address)) throw new KilnError('E-USAGE', `${address} is no IPv4 address of this machine`)
  const settings = { address, url, loaders: loaders.names }
  const opened: { close(): Promise<void> }[] = []
  const close = async () => {
    for (const each of opened.splice(0)) await each.close()
  }
  try {
    // Sent from a socket of the address, a broadcast leaves by the interface of that address.
    const own = await openSocket(address, dhcpPort)
    opened.push(own)
    const broadcasts = await openSocket('0.0.0.0', dhcpPort)
    opened.push(broadcasts)
    const again = await openSocket(address, bindPort)
    opened.push(again)
    for (const { socket } of [own, broadcasts]) {
      socket.on('message', (bytes) => {
        const packet = reply(bytes, dhcpPort, settings, emit)
        if (packet) own.socket.send(packet, clientPort, '255.255.255.255')
      })
    }
    again.socket.on('message', (bytes, client: RemoteInfo) => {
      const packet = reply(bytes, bindPort, settings, emit)
      if (packet) again.socket.send(packet, client.port, client.address)
    })
    opened.push(
      await startTftp({
        ...{ host: address, port: tftpPort, files: loaders.files },
        onRequest: ({ from, file, found }) =>
          emit({
            event: 'notice',
            level: 'info',
            message: `tftp ${from} ${file}${found ? '' : ': not there'}`,
          }),
      }),
    )
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

function reply(bytes: Buffer, port: 67 | 4011, settings: ProxySettings, emit: Emit): Buffer | undefined {
  const request = parseDhcp(bytes)
  if (!request) return undefined
  const answer = answerProxy(request, port, settings)
  if (answer.kind === 'answer') {
    emit({ event: 'notice', level: 'info', message: `pxe ${answer.mac}: start ${answer.bootFile}` })
    return formatDhcp(answer.reply)
  }
  if (answer.worthTelling) {
    emit({ event: 'notice', level: 'warning', message: `pxe ${answer.mac}: ${answer.reason}` })
  }
  return undefined
}

async function openSocket(host: string, port: number): Promise<{ socket: Socket; close(): Promise<void> }> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(listenError(host, port, error)))
    socket.bind(port, host, resolve)
  })
  socket.setBroadcast(true)
  return { socket, close: () => new Promise<void>((resolve) => socket.close(resolve)) }
}

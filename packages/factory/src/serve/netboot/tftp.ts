import { createSocket, type RemoteInfo } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { listenError } from '../http.ts'
import { agree, dataPacket, errorPacket, optionsPacket, parseTftp, tftpErrors } from './tftp-packet.ts'

export interface TftpOptions {
  readonly host: string
  /** 69; 0 for a free one. */
  readonly port: number
  /** Name → file. Nothing else can be asked for; folders in a name do not count. */
  readonly files: ReadonlyMap<string, string>
  readonly onRequest: (request: {
    readonly from: string
    readonly file: string
    readonly found: boolean
  }) => void
  /** How long to wait for an answer before a block is sent again. Default: a second. */
  readonly patienceMs?: number
}

export interface TftpServer {
  readonly port: number
  close(): Promise<void>
}

const mostTries = 5

/**
 * Gives out a few small files: boot loaders, which fetch the rest over HTTP.
 * @throws KilnError E-LISTEN
 */
export async function startTftp(options: TftpOptions): Promise<TftpServer> {
  const socket = createSocket('udp4')
  const transfers = new Set<() => void>()
  socket.on('message', (bytes, client) => {
    const request = parseTftp(bytes)
    if (request.kind !== 'read') {
      if (request.kind === 'other')
        socket.send(errorPacket(tftpErrors.illegal, 'only reading'), client.port, client.address)
      return
    }
    const name = basename(request.file)
    const file = options.files.get(name)
    options.onRequest({ from: client.address, file: name, found: file !== undefined })
    if (file === undefined) {
      socket.send(errorPacket(tftpErrors.missing, 'there is no such file'), client.port, client.address)
      return
    }
    void transfer(file, request.options, client, options, transfers)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(listenError(options.host, options.port, error)))
    socket.bind(options.port, options.host, resolve)
  })
  return {
    port: socket.address().port,
    async close() {
      for (const stop of transfers) stop()
      await new Promise<void>((resolve) => socket.close(resolve))
    },
  }
}

/** From a port of its own, as the protocol has it: one block after another, each again until it is acknowledged. */
async function transfer(
  file: string,
  asked: ReadonlyMap<string, string>,
  client: RemoteInfo,
  { host, patienceMs = 1_000 }: TftpOptions,
  transfers: Set<() => void>,
): Promise<void> {
  const content = await readFile(file)
  const { options, blockSize } = agree(asked, content.length)
  const blocks = Math.floor(content.length / blockSize) + 1
  const socket = createSocket('udp4')
  let current = options.size > 0 ? 0 : 1
  let tries = 0
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    clearTimeout(timer)
    if (transfers.delete(stop)) socket.close()
  }
  transfers.add(stop)
  const send = () => {
    if (++tries > mostTries) {
      stop()
      return
    }
    const part = content.subarray((current - 1) * blockSize, current * blockSize)
    const packet = current === 0 ? optionsPacket(options) : dataPacket(current % 0x1_0000, part)
    socket.send(packet, client.port, client.address)
    clearTimeout(timer)
    timer = setTimeout(send, patienceMs)
  }
  socket.on('error', stop)
  socket.on('message', (bytes, from) => {
    if (from.port !== client.port || from.address !== client.address) return
    const answer = parseTftp(bytes)
    if (answer.kind === 'error') stop()
    // An older acknowledgement is one that was sent twice: nothing is sent for it, or everything would be.
    if (answer.kind !== 'acknowledge' || answer.block !== current % 0x1_0000) return
    if (current === blocks) stop()
    else {
      current += 1
      tries = 0
      send()
    }
  })
  await new Promise<void>((resolve) => socket.bind(0, host === '0.0.0.0' ? undefined : host, resolve))
  send()
}

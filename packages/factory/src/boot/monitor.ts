import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { KilnError } from '@kiln/contract'

interface Answer {
  readonly id?: number
  readonly QMP?: unknown
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** QEMU's control channel: JSON lines by the QEMU machine protocol (QMP). */
export class Monitor {
  readonly #stream: Duplex
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #closed = false

  constructor(stream: Duplex) {
    this.#stream = stream
    // A machine that ends resets the channel; its end is told elsewhere.
    stream.on('error', () => this.#close())
    stream.on('close', () => this.#close())
    createInterface(stream)
      .on('line', (line) => this.#receive(line))
      // Node passes the stream's errors on.
      .on('error', () => {})
  }

  /** Ends the negotiation; QEMU obeys nothing before it. */
  async greet(): Promise<void> {
    await this.execute('qmp_capabilities')
  }

  /**
   * Runs one command and gives its result.
   * @throws KilnError E-TOOL-FAILED where QEMU refuses it or has ended
   */
  execute(command: string, options: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#closed) return Promise.reject(ended(command))
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: options, id })}\n`)
    }).catch((error: unknown) => {
      if (error === closed) throw ended(command)
      throw new KilnError('E-TOOL-FAILED', `QEMU refused "${command}": ${String(error)}`)
    })
  }

  #receive(line: string): void {
    const answer = JSON.parse(line) as Answer
    if (answer.id === undefined) return
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error) waiting?.reject(answer.error.desc)
    else waiting?.resolve(answer.return)
  }

  #close(): void {
    this.#closed = true
    for (const { reject } of this.#waiting.values()) reject(closed)
    this.#waiting.clear()
  }
}

const closed = Symbol('closed')

function ended(command: string): KilnError {
  return new KilnError('E-TOOL-FAILED', `the virtual machine has ended and cannot obey "${command}"`)
}

/** The port of this machine that leads to a port of the guest, from what `info usernet` prints. */
export function forwardedPort(usernet: string, guestPort: number): number | undefined {
  const row = new RegExp(`HOST_FORWARD\\]\\s+\\S+\\s+\\S+\\s+(\\d+)\\s+\\S+\\s+${guestPort}\\s`)
  const port = Number(usernet.match(row)?.[1])
  return Number.isInteger(port) ? port : undefined
}

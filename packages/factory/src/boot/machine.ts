import { createWriteStream, mkdirSync, openSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { KilnError } from '@kiln/contract'
import type { Drive, MachinePlan, QemuProcess, WatchdogDevice } from '../tools/qemu.ts'
import { explainQemu, startQemu } from '../tools/qemu.ts'
import type { GuestArchitecture } from '../tools/qemu-machines.ts'
import { type AcceleratorWish, chooseAccelerator } from './accel.ts'
import { SerialConsole } from './console.ts'
import { type Firmware, guardedFirmware, prepareFirmware, requireQemu } from './firmware.ts'
import { type DiskRequest, prepareDisks } from './media.ts'
import { forwardedPort, Monitor } from './monitor.ts'
import { atProcessEnd, temporaryFolder } from './process-end.ts'
import { type Outcome, type WaitOptions, waitForOutcome } from './wait.ts'

export interface MachineOptions {
  /** Default: amd64. */
  readonly arch?: GuestArchitecture | undefined
  readonly firmware: Firmware
  /** File that keeps the variables of UEFI from one start to the next; made where it is not there. Default: new ones. */
  readonly variables?: string | undefined
  /** UEFI that alone can write to its variables, as it is where Secure Boot is meant. Default: false. */
  readonly guarded?: boolean | undefined
  /** What it boots from; it comes before `disks`. */
  readonly drives?: readonly Drive[]
  readonly disks?: readonly DiskRequest[]
  /** Default 2048. */
  readonly memoryMiB?: number | undefined
  /** Default 2. */
  readonly cpus?: number | undefined
  /** Default: KVM where it works. */
  readonly accel?: AcceleratorWish | undefined
  /** A port of 127.0.0.1 that leads to ssh in the guest; `auto` takes a free one. Default: none. */
  readonly sshPort?: number | 'auto' | undefined
  /** Default: what QEMU gives its machines. */
  readonly watchdog?: WatchdogDevice | undefined
  readonly gui?: boolean | undefined
  /** Address of a script for iPXE, as the guest sees it; it comes before all drives. */
  readonly netboot?: string | undefined
  readonly noReboot?: boolean | undefined
  /** Files that the guest finds in its firmware: name → file. */
  readonly fwCfg?: Readonly<Record<string, string>> | undefined
  /** File that gets every byte of the serial console. */
  readonly serialLog?: string | undefined
  /** Stops the machine. */
  readonly signal?: AbortSignal | undefined
  readonly onLine?: (line: string) => void
  /** Told once, before the start, where the guest is emulated though KVM was wished for. */
  readonly onEmulated?: (reason: string) => void
}

export interface MachineEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What QEMU itself said. A warning does not mean that something failed: `code` does. */
  readonly complaints: string
}

/** How long QEMU may take to end after it was told to. */
const patienceMs = 5_000

/**
 * Starts a virtual machine and returns as soon as it runs.
 * @throws KilnError E-TOOL-MISSING, E-FIRMWARE-MISSING, E-ARTIFACT-MISSING, E-USAGE (port taken), E-TOOL-FAILED
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  throwIfInterrupted(options.signal)
  const arch = options.arch ?? 'amd64'
  requireQemu(arch)
  const { accel, reason } = await chooseAccelerator(options.accel ?? 'auto', arch)
  if (reason) options.onEmulated?.(reason)
  const scratch = temporaryFolder()
  try {
    const files = await prepareFirmware(arch, options.firmware, scratch.path, options.variables)
    const firmware = options.guarded ? guardedFirmware(files) : files
    const disks = await prepareDisks(options.disks ?? [], scratch.path, options.signal)
    const plan = planMachine(options, {
      arch,
      accel,
      firmware,
      drives: [...(options.drives ?? []), ...disks],
    })
    const log = options.serialLog ? openLog(options.serialLog) : undefined
    throwIfInterrupted(options.signal)
    return await Machine.start(plan, { options, log, cleanUp: () => scratch.remove() })
  } catch (error) {
    scratch.remove()
    throw error
  }
}

function planMachine(
  options: MachineOptions,
  decided: Pick<MachinePlan, 'arch' | 'accel' | 'firmware' | 'drives'>,
): MachinePlan {
  const { sshPort } = options
  return {
    ...decided,
    memoryMiB: options.memoryMiB ?? 2048,
    cpus: options.cpus ?? 2,
    ...(sshPort ? { ssh: { hostPort: sshPort === 'auto' ? 0 : sshPort } } : {}),
    ...(options.watchdog ? { watchdog: options.watchdog } : {}),
    ...(options.netboot ? { netboot: { url: options.netboot } } : {}),
    gui: options.gui ?? false,
    noReboot: options.noReboot ?? false,
    ...(options.fwCfg ? { fwCfg: options.fwCfg } : {}),
  }
}

interface Surroundings {
  readonly options: MachineOptions
  readonly log: WriteStream | undefined
  readonly cleanUp: () => void
}

/** A running virtual machine. Whoever starts one stops it, best by `await using`. */
export class Machine {
  /** Settles when QEMU has ended, for whatever reason, and everything it said has been read. */
  readonly ended: Promise<MachineEnd>
  readonly console: SerialConsole
  readonly #qemu: QemuProcess
  readonly #monitor: Monitor
  #sshPort: number | undefined

  /** The machine runs when this returns; see {@link startMachine}. */
  static async start(plan: MachinePlan, surroundings: Surroundings): Promise<Machine> {
    const machine = new Machine(plan, surroundings)
    try {
      await machine.#monitor.greet()
      if (plan.ssh) machine.#sshPort = await machine.#findPort()
      return machine
    } catch (error) {
      const { complaints } = await machine.stop()
      throwIfInterrupted(surroundings.options.signal)
      throw complaints === '' ? error : explainQemu(complaints)
    }
  }

  private constructor(plan: MachinePlan, { options, log, cleanUp }: Surroundings) {
    this.console = new SerialConsole(options.onLine)
    this.#qemu = startQemu(plan)
    this.#monitor = new Monitor(this.#qemu.monitor)
    const { child } = this.#qemu
    child.stdout.on('data', (chunk: Buffer) => {
      log?.write(chunk)
      this.console.feed(chunk)
    })
    const takeBack = atProcessEnd(() => child.kill('SIGKILL'))
    const interrupt = () => void this.stop().catch(() => {})
    options.signal?.addEventListener('abort', interrupt)
    this.ended = endOf(this.#qemu).finally(async () => {
      takeBack()
      options.signal?.removeEventListener('abort', interrupt)
      cleanUp()
      log?.end()
      if (log) await finished(log)
    })
    // Told to whoever waits for the end; where nobody does, it is no reason to crash.
    this.ended.catch(() => {})
    log?.on('error', interrupt)
  }

  /** Process id of QEMU. */
  get pid(): number | undefined {
    return this.#qemu.child.pid
  }

  /** Everything the serial console said so far, without escape sequences. */
  get serial(): string {
    return this.console.text
  }

  /** The number of finished console lines: take it before an action, to wait for what comes after. */
  get position(): number {
    return this.console.position
  }

  /** Port of 127.0.0.1 that leads to ssh in the guest. */
  get sshPort(): number | undefined {
    return this.#sshPort
  }

  /**
   * Waits for a console line that matches and gives it.
   * @throws KilnError E-BOOT-TIMEOUT, E-BOOT-FAILED where the machine ends before, E-INTERRUPTED
   */
  async waitFor(pattern: RegExp, { timeoutMs, since = 0, signal }: WaitOptions): Promise<string> {
    const outcome = await this.outcome({ found: pattern }, { timeoutMs, since, signal })
    const output = this.console.lastLines(20).join('\n')
    switch (outcome.kind) {
      case 'match':
        return outcome.line
      case 'timeout':
        throw new KilnError('E-BOOT-TIMEOUT', `${pattern} did not show within ${timeoutMs / 1000} s`, {
          output,
        })
      case 'ended':
        throw new KilnError('E-BOOT-FAILED', `the machine ended before ${pattern} showed`, { output })
    }
  }

  /** What happens first: a console line that matches one of the patterns, the end of the machine, or the time runs out. */
  outcome<Name extends string>(
    patterns: Readonly<Record<Name, RegExp>>,
    options: WaitOptions,
  ): Promise<Outcome<Name>> {
    return waitForOutcome(this, patterns, options)
  }

  /** Types at the serial console. */
  type(text: string): void {
    this.#qemu.child.stdin.write(text)
  }

  /** Presses the reset button. */
  async reset(): Promise<void> {
    await this.#monitor.execute('system_reset')
  }

  /** Presses the power button: the guest is asked to shut down. */
  async powerDown(): Promise<void> {
    await this.#monitor.execute('system_powerdown')
  }

  /** Pulls the plug, and returns when QEMU is gone. May be called more than once. */
  async stop(): Promise<MachineEnd> {
    const { child } = this.#qemu
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    try {
      return await this.ended
    } finally {
      clearTimeout(force)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #findPort(): Promise<number | undefined> {
    const usernet = await this.#monitor.execute('human-monitor-command', { 'command-line': 'info usernet' })
    return forwardedPort(String(usernet), 22)
  }
}

function endOf({ child, complaints }: QemuProcess): Promise<MachineEnd> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, complaints: error.message }))
    child.on('close', (code, signal) => resolve({ code, signal, complaints: complaints() }))
  })
}

function openLog(file: string): WriteStream {
  try {
    mkdirSync(dirname(file), { recursive: true })
    return createWriteStream(file, { fd: openSync(file, 'w') })
  } catch (cause) {
    throw new KilnError('E-USAGE', `the serial log ${file} cannot be written: ${(cause as Error).message}`, {
      cause,
    })
  }
}

export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new KilnError('E-INTERRUPTED', 'interrupted; the virtual machine is stopped', {
      cause: signal.reason,
    })
}

import { basename } from 'node:path'
import { type ErrorCode, isKilnError, KilnError } from '@kiln/contract'
import type { Emit } from '../events.ts'
import { stepOutput } from '../step-output.ts'
import { type Attachment, explainQemu } from '../tools/qemu.ts'
import { type GuestArchitecture, guestArchitectures } from '../tools/qemu-machines.ts'
import type { Firmware } from './firmware.ts'
import { type Machine, type MachineOptions, startMachine, throwIfInterrupted } from './machine.ts'
import { artifactDrive, requireArtifact } from './media.ts'
import type { Outcome } from './wait.ts'

/** An image of Kiln says this on the serial console when the system is up. */
export const defaultUntil = /kiln: up: [^\n]*\n/

/** What a machine says that will not come up any more. */
export const defaultFail = /(?:kiln: boot refused: |kiln: boot failed|Kernel panic - not syncing)[^\n]*\n/

/** What comes after the reasons. A machine that failed gets a moment to tell them all. */
const lastWords = /(?:kiln: cannot boot|kiln: rescue shell|end Kernel panic)[^\n]*\n/
const lastWordsMs = 3_000

/** Ten minutes: under emulation, on a busy machine, a boot takes several. */
export const defaultTimeoutMs = 600_000

export interface BootOptions
  extends Omit<MachineOptions, 'arch' | 'drives' | 'onLine' | 'onEmulated' | 'firmware' | 'serialLog'> {
  /** `.iso`, `.img`, `.raw`, `.qcow2`, `.vhd` or `.vmdk`. It is never changed. */
  readonly artifact: string
  /** Default: by the name of the artifact. */
  readonly arch?: GuestArchitecture | undefined
  /** Default: a CD-ROM for an ISO, otherwise a disk. */
  readonly as?: Attachment | undefined
  /** Default: UEFI. */
  readonly firmware?: Firmware | undefined
  /** Default: the artifact's path with the firmware and `.log` added. */
  readonly serialLog?: string | undefined
  /** A console line that says that the system is up. Patterns see one line at a time, a finished one with its `\n`. */
  readonly until?: RegExp | undefined
  readonly fail?: RegExp | undefined
  readonly timeoutMs?: number | undefined
  /** Leave the machine running after the verdict, until it ends by itself or `signal` stops it. */
  readonly keep?: boolean | undefined
}

export interface BootDeps {
  readonly emit: Emit
  /** Called while the machine runs: as soon as it is started, and with the verdict. */
  readonly onStarted?: (machine: Machine) => void
  readonly onVerdict?: (verdict: BootVerdict) => void
}

export interface BootVerdict {
  /** `exited`: the machine ended before it said anything that counts. */
  readonly outcome: 'up' | 'failed' | 'timeout' | 'exited'
  /** The console line that decided. */
  readonly line?: string
  /** From the start of QEMU to the verdict. */
  readonly seconds: number
  readonly firmware: Firmware
  readonly serialLog: string
  /** The end of what the console said. */
  readonly lastLines: readonly string[]
}

const keptLines = 25

/**
 * Boots an artifact in a virtual machine and judges by its serial console whether it comes up.
 * @throws KilnError as {@link startMachine}, and E-INTERRUPTED
 */
export async function bootArtifact(options: BootOptions, deps: BootDeps): Promise<BootVerdict> {
  const { artifact, firmware = 'uefi', serialLog = defaultSerialLog(artifact, firmware) } = options
  const drive = artifactDrive(artifact, options.as)
  await requireArtifact(artifact)
  const progress = bootProgress(`boot-${firmware}`, bootTitle(artifact, firmware), deps.emit)
  try {
    await using machine = await startMachine({
      ...options,
      arch: options.arch ?? guestOf(artifact),
      firmware,
      serialLog,
      drives: [drive],
      onLine: progress.line,
      onEmulated: progress.emulated,
    })
    deps.onStarted?.(machine)
    const verdict = await watch(machine, { ...options, firmware, serialLog }, progress.ms)
    progress.end(bootError(verdict)?.code)
    deps.onVerdict?.(verdict)
    if (options.keep) await machine.ended
    return verdict
  } catch (error) {
    progress.end(isKilnError(error) ? error.code : 'E-BUG')
    throwIfInterrupted(options.signal)
    throw error
  }
}

/** The machine that runs an artifact, by its name; one for amd64 where the name is none of Kiln's. */
export function guestOf(artifact: string): GuestArchitecture {
  return guestArchitectures.find((arch) => basename(artifact).includes(`-${arch}-`)) ?? 'amd64'
}

async function watch(
  machine: Machine,
  options: BootOptions & { readonly firmware: Firmware; readonly serialLog: string },
  elapsedMs: () => number,
): Promise<BootVerdict> {
  const { until = defaultUntil, fail = defaultFail, timeoutMs = defaultTimeoutMs, signal } = options
  const outcome = await machine.outcome({ failed: fail, up: until }, { timeoutMs, signal })
  const ms = elapsedMs()
  if (outcome.kind === 'match' && outcome.name === 'failed') {
    await machine.outcome({ lastWords }, { timeoutMs: lastWordsMs, signal })
  }
  if (outcome.kind === 'ended') {
    throwIfInterrupted(signal)
    const { code, complaints } = await machine.ended
    if (code !== 0) throw explainQemu(complaints)
  }
  return judge(outcome, {
    seconds: ms / 1000,
    firmware: options.firmware,
    serialLog: options.serialLog,
    lastLines: machine.console.lastLines(keptLines),
  })
}

function bootTitle(artifact: string, firmware: Firmware): string {
  return `boot ${basename(artifact)} (${firmware === 'uefi' ? 'UEFI' : 'BIOS'})`
}

/** Tells the boot as one step, which ends once. */
function bootProgress(step: string, title: string, emit: Emit) {
  const started = performance.now()
  const ms = () => Math.round(performance.now() - started)
  let hasEnded = false
  emit({ event: 'step-started', step, title })
  return {
    ms,
    line(line: string) {
      if (line.trim() !== '') emit(stepOutput(step, line))
    },
    emulated(reason: string) {
      const message = `KVM does not work here (${reason}): the machine is emulated, which takes a minute or more`
      emit({ event: 'notice', level: 'info', message })
    },
    end(code: ErrorCode | undefined) {
      if (hasEnded) return
      hasEnded = true
      if (code) emit({ event: 'step-failed', step, title, code, ms: ms() })
      else emit({ event: 'step-finished', step, title, outcome: 'built', ms: ms() })
    },
  }
}

/** The error that a verdict amounts to; undefined where the machine came up. */
export function bootError(verdict: BootVerdict): KilnError | undefined {
  const { outcome, line, seconds, serialLog } = verdict
  const details = { output: verdict.lastLines.join('\n'), hint: `the whole console is in ${serialLog}` }
  switch (outcome) {
    case 'up':
      return undefined
    case 'failed':
      return new KilnError('E-BOOT-FAILED', `the machine did not come up: ${line}`, details)
    case 'timeout':
      return new KilnError(
        'E-BOOT-TIMEOUT',
        `the machine did not come up within ${Math.round(seconds)} s`,
        details,
      )
    case 'exited':
      return new KilnError('E-BOOT-FAILED', 'the machine ended before it came up', details)
  }
}

export function defaultSerialLog(artifact: string, firmware: Firmware): string {
  return `${artifact}.${firmware}.log`
}

function judge(
  outcome: Outcome<'up' | 'failed'>,
  facts: Pick<BootVerdict, 'seconds' | 'firmware' | 'serialLog' | 'lastLines'>,
): BootVerdict {
  switch (outcome.kind) {
    case 'match':
      return { outcome: outcome.name, line: withoutFrame(outcome.line), ...facts }
    case 'timeout':
      return { outcome: 'timeout', ...facts }
    case 'ended':
      return { outcome: 'exited', ...facts }
  }
}

/** The node frames what it has to say with bars. */
function withoutFrame(line: string): string {
  return line.replace(/^\|\s+/, '').replace(/\s+\|?$/, '')
}

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultFail, defaultUntil } from '@kiln/factory/boot/artifact'
import { type Machine, type MachineOptions, startMachine } from '@kiln/factory/boot/machine'
import type { Drive } from '@kiln/factory/tools/qemu'
import { writeCut } from './check.ts'
import type { Cut } from './cuts.ts'
import type { Recording } from './record.ts'

export interface BootCutOptions {
  readonly machine: MachineOptions
  /** Drives that the firmware tries after the disk. */
  readonly later?: readonly Drive[]
  /** Folder for the disk of this cut; removed afterwards. */
  readonly folder: string
  readonly timeoutMs: number
  /** A console line that says that the system is up. Default: what an image of Kiln says. */
  readonly until?: RegExp
}

export interface BootedCut<T> {
  readonly outcome: 'up' | 'timeout' | 'ended'
  /** The console line that says that it is up. */
  readonly line?: string
  /** How often a start was refused on the way. */
  readonly refused: number
  readonly lastLines: readonly string[]
  /** What was found on the running machine. */
  readonly found?: T
}

/**
 * Really starts the disk of a cut. A start that fails is no verdict: the machine starts again by itself, and shall end on a
 * system that is whole.
 * @param look what is asked of the machine when it is up
 */
export async function bootCut<T = undefined>(
  { base, log }: Pick<Recording, 'base' | 'log'>,
  cut: Pick<Cut, 'durable' | 'kept'>,
  { machine: options, later = [], folder, timeoutMs, until = defaultUntil }: BootCutOptions,
  look?: (machine: Machine) => Promise<T>,
): Promise<BootedCut<T>> {
  const own = await mkdtemp(join(folder, 'cut-'))
  const file = join(own, 'cut.raw')
  writeCut(log, base, cut, file)
  try {
    const drive: Drive = { attach: 'disk', file, format: 'raw', writes: 'kept' }
    await using machine = await startMachine({
      ...options,
      drives: [...(options.drives ?? []), drive, ...later],
    })
    const outcome = await machine.outcome({ up: until }, { timeoutMs })
    const facts = {
      refused: machine.serial.split('\n').filter((line) => defaultFail.test(`${line}\n`)).length,
      lastLines: machine.console.lastLines(25),
    }
    if (outcome.kind !== 'match') return { outcome: outcome.kind, ...facts }
    const found = look && (await look(machine))
    return { outcome: 'up', line: outcome.line, ...facts, ...(found === undefined ? {} : { found }) }
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

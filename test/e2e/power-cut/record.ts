import { closeSync, openSync, readSync } from 'node:fs'
import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Machine, type MachineOptions, startMachine } from '@kiln/factory/boot/machine'
import type { Drive } from '@kiln/factory/tools/qemu'
import { copyDiskRaw } from '@kiln/factory/tools/qemu-img'
import { type Mark, writeCut } from './check.ts'
import { countEntries, WriteLog } from './write-log.ts'

/** What a machine wrote to its disk. */
export interface Recording {
  /** Raw image of the disk before. */
  readonly base: string
  /** The same afterwards. */
  readonly disk: string
  readonly log: string
  readonly marks: readonly Mark[]
}

export interface RecordOptions {
  /** What the machine has beside the recorded disk. */
  readonly machine: MachineOptions
  /** Drives that the firmware tries after the recorded disk. */
  readonly later?: readonly Drive[]
  /** Names what the machine does from a console line on; undefined where it goes on with the same. */
  readonly phaseOf?: (line: string) => string | undefined
  /** The disk before; it is not changed. */
  readonly disk: { readonly file: string; readonly format: 'raw' | 'qcow2' }
  /** Folder for what is recorded: three times the disk's content, and all that is written. */
  readonly folder: string
}

/**
 * Records everything that a machine writes to a disk: the system, its boot loader and its firmware, over any number of restarts.
 * @param scenario what is done with the machine; `mark` names what it does from now on. The plug is pulled when it returns
 * @throws KilnError as startMachine; Error where the log does not account for what the disk holds afterwards
 */
export async function recordWrites(
  { machine: options, disk: source, folder, later = [], phaseOf }: RecordOptions,
  scenario: (machine: Machine, mark: (phase: string) => void) => Promise<void>,
): Promise<Recording> {
  const recording = {
    base: join(folder, 'before.raw'),
    disk: join(folder, 'disk.raw'),
    log: join(folder, 'writes.log'),
  }
  await copyDiskRaw(source, recording.base)
  await copyDiskRaw({ file: recording.base, format: 'raw' }, recording.disk)
  await writeFile(recording.log, '')
  const marks: Mark[] = []
  const mark = (phase: string) => void marks.push({ entry: countEntries(recording.log), phase })
  const onLine = (line: string) => {
    const phase = phaseOf?.(line)
    if (phase !== undefined) mark(phase)
  }
  const recorded = { file: recording.disk, format: 'raw', writes: 'kept', log: recording.log } as const
  {
    const drives = [...(options.drives ?? []), { attach: 'disk', ...recorded } as const, ...later]
    await using machine = await startMachine({ ...options, drives, onLine })
    await scenario(machine, mark)
  }
  await assertComplete(recording, join(folder, 'replayed.raw'))
  return { ...recording, marks }
}

/** All writes on the disk of before give the disk of afterwards: nothing was missed. */
async function assertComplete({ base, disk, log }: Omit<Recording, 'marks'>, scratch: string): Promise<void> {
  using writes = new WriteLog(log)
  writeCut(log, base, { durable: writes.entries.length, kept: [] }, scratch)
  const difference = await firstDifference(scratch, disk)
  await rm(scratch)
  if (difference !== undefined) {
    throw new Error(`the log of writes misses what the disk has at byte ${difference}`)
  }
}

/** Offset of the first byte that differs, give or take a MiB; undefined where both files are the same. */
export async function firstDifference(one: string, other: string): Promise<number | undefined> {
  const sizes = await Promise.all([one, other].map(async (file) => (await stat(file)).size))
  const [left, right] = [openSync(one, 'r'), openSync(other, 'r')]
  const [a, b] = [Buffer.alloc(1024 * 1024), Buffer.alloc(1024 * 1024)]
  try {
    for (let at = 0; at < Math.max(...sizes); at += a.length) {
      const first = a.subarray(0, readSync(left, a, 0, a.length, at))
      const second = b.subarray(0, readSync(right, b, 0, b.length, at))
      if (!first.equals(second)) return at
    }
    return undefined
  } finally {
    closeSync(left)
    closeSync(right)
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startMachine } from '../../packages/factory/src/boot/machine.ts'
import { type Guest, runInGuest, waitForGuest } from '../../packages/factory/src/tools/ssh.ts'
import { median, mib, say, seconds } from '../measure.ts'
import type { Systems } from './systems.ts'

export interface Figures {
  /** To the disk. */
  readonly bytes: number
  readonly ms: number
}

export interface MeasuredUpgrade {
  readonly kiln: Figures
  /** Unpacked, then two names changed. */
  readonly field: Figures
  /** Unpacked, and the old image copied. */
  readonly fieldCopy: Figures
  /** Of the field's unpacked image, without its holes. */
  readonly imageBytes: number
  /** `kiln-agent state`, milliseconds. */
  readonly stateMs: number
  readonly emulated: boolean
}

const bootTimeoutMs = 600_000
const script = readFileSync(join(import.meta.dirname, 'guest.sh'), 'utf8')

/** All in turn on one node, so that a machine that gets slower does so for all. */
export async function measureOnNode(systems: Systems, rounds: number): Promise<MeasuredUpgrade> {
  let emulated = false
  await using machine = await startMachine({
    firmware: 'uefi',
    disks: [{ file: systems.disk }, { file: systems.payload }],
    sshPort: 'auto',
    onEmulated: () => {
      emulated = true
    },
  })
  const guest: Guest = { user: systems.user, key: systems.key, port: machine.sshPort ?? 0 }
  await waitForGuest(guest, { timeoutMs: bootTimeoutMs })
  const imageBytes = Number(await onNode(guest, 'prepare'))
  const runs: Record<'kiln' | 'field' | 'field_copy' | 'state', Figures[]> = {
    kiln: [],
    field: [],
    field_copy: [],
    state: [],
  }
  for (let round = 1; round <= rounds; round++) {
    for (const [what, figures] of Object.entries(runs)) {
      const found = figuresOf(await onNode(guest, what))
      say(`  ${what}, round ${round} of ${rounds}: ${mib(found.bytes)}, ${seconds(found.ms)}`)
      figures.push(found)
      // Not measured: so that the next round finds the same.
      if (what === 'kiln') await runInGuest(guest, 'sudo kiln-agent upgrade abort')
    }
  }
  return {
    kiln: medians(runs.kiln),
    field: medians(runs.field),
    fieldCopy: medians(runs.field_copy),
    imageBytes,
    stateMs: medians(runs.state).ms,
    emulated,
  }
}

async function onNode(guest: Guest, what: string): Promise<string> {
  const { stdout } = await runInGuest(guest, `sudo sh -s ${what}`, { input: script })
  return stdout.trim()
}

function figuresOf(text: string): Figures {
  const [bytes = Number.NaN, ms = Number.NaN] = text.split(' ').map(Number)
  return { bytes, ms }
}

function medians(figures: readonly Figures[]): Figures {
  return { bytes: median(figures.map(({ bytes }) => bytes)), ms: median(figures.map(({ ms }) => ms)) }
}

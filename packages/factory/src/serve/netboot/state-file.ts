import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { KilnError } from '@kiln/contract'
import * as z from 'zod'
import type { MachineStates } from './claims.ts'

const State = z.strictObject({
  phase: z.enum(['waiting', 'script', 'kernel', 'initramfs', 'root', 'config']),
  seen: z.exactOptional(z.number()),
  from: z.exactOptional(z.string()),
  claimedBy: z.exactOptional(z.string()),
})
const States = z.strictObject({
  schema: z.literal('kiln.netboot/v1'),
  machines: z.record(z.string(), State),
})

/** Who has which machine, from a file; nothing where there is none yet. @throws KilnError E-CONFIG-UNREADABLE */
export function readStates(file: string): MachineStates {
  try {
    const { machines } = States.parse(JSON.parse(readFileSync(file, 'utf8')))
    return new Map(Object.entries(machines))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    // Whoever took a machine must not lose it because nobody can read that any more.
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} does not say who has which machine`, {
      cause,
      place: { file },
    })
  }
}

/** Writes whole or not at all, one after another, and waits for the disk. */
export function stateKeeper(file: string): (states: MachineStates) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (states) => {
    last = last.then(() => write(file, states))
    return last
  }
}

async function write(file: string, states: MachineStates): Promise<void> {
  const text = JSON.stringify(
    { schema: 'kiln.netboot/v1', machines: Object.fromEntries(states) },
    undefined,
    1,
  )
  const handle = await open(`${file}.part`, 'w', 0o600)
  try {
    await handle.writeFile(`${text}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.part`, file)
}

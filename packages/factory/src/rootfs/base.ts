import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Architecture } from '@kiln/contract'
import type { Executors } from '../run/engine.ts'
import { emulationFor } from '../sandbox/emulation.ts'
import { bootstrap } from '../tools/mmdebstrap.ts'
import { layerFolder } from './layers.ts'

/** Debian's essential packages and apt, from the packages of the lock. No network is used. */
export const makeBase: Executors['base'] = async (step, context) => {
  const target = join(context.out, layerFolder)
  await bootstrap({
    ...step.params,
    repository: join(context.inputs.repository.folder, 'repository'),
    target,
    emulation: emulationFor(step.params.arch as Architecture, context.inputs.emulator),
    signal: context.signal,
    onLine: context.line,
    onPercent: (percent) => context.progress(percent, 100, 'percent'),
  })
  // They name this build's repository and this machine, and mean nothing elsewhere.
  for (const file of ['etc/apt/sources.list', 'etc/hostname', 'etc/resolv.conf']) {
    await rm(join(target, file), { force: true })
    await writeFile(join(target, file), '')
  }
  return { facts: {} }
}

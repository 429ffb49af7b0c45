import { join } from 'node:path'
import type { Executors } from '../run/engine.ts'
import { bootstrap } from '../tools/mmdebstrap.ts'
import { layerFolder } from './layers.ts'

/** Debian straight from the archive. The package lists stay, so that the next layer sees the same state of it. */
export const makeBase: Executors['base'] = async (step, context) => {
  await bootstrap({
    archive: step.params.archive,
    arch: step.params.arch,
    target: join(context.out, layerFolder),
    keepLists: true,
    signal: context.signal,
    onLine: context.line,
    onPercent: (percent) => context.progress(percent, 100, 'percent'),
  })
  return { facts: {} }
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Executors } from '../run/engine.ts'
import { emulationFor } from '../sandbox/emulation.ts'
import { sourcesList } from '../tools/mmdebstrap.ts'
import { installInCopy } from './install.ts'
import { layerFolder } from './layers.ts'
import { recordsOf } from './package-list.ts'

/** Packages and kernel by the distribution's own manager; notes exactly what is there then. */
export const installPackages: Executors['packages'] = async (step, context) => {
  const { arch, packages, archives, epoch } = step.params
  const installed = await installInCopy({
    ...context,
    base: context.inputs.base,
    repository: context.inputs.repository,
    target: join(context.out, layerFolder),
    packages,
    initramfsStandIn: true,
    sources: sourcesList({ suites: archives }),
    epoch,
    emulation: emulationFor(arch, context.inputs.emulator),
  })
  const list = { schema: 'kiln.packages/v1', packages: recordsOf(installed, packages) }
  await writeFile(join(context.out, 'packages.json'), `${JSON.stringify(list, undefined, 1)}\n`)
  return { facts: { count: list.packages.length } }
}

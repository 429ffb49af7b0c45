import { join } from 'node:path'
import { debianArchitecture } from '../distros/debian-architecture.ts'
import type { Executors } from '../run/engine.ts'
import type { Mount, Sandbox } from '../sandbox/sandbox.ts'
import { bootstrap } from '../tools/mmdebstrap.ts'

/** Where the toolchain sees its inputs and outputs: below `/run`, which is empty in every sandbox. */
export const workFolder = '/run/work'

/** Bootstraps the toolchain. About 25 s; made once for each state of the archive. */
export const makeToolchain: Executors['toolchain'] = async (step, context) => {
  const target = join(context.out, 'root')
  await bootstrap({
    archive: step.params.archive,
    arch: debianArchitecture(process.arch),
    target,
    include: step.params.packages,
    signal: context.signal,
    onLine: context.line,
    onPercent: (percent) => context.progress(percent, 100, 'percent'),
  })
  return { facts: {} }
}

/** A sandbox whose root is the toolchain, with the given mounts. */
export function toolchainSandbox(
  toolchain: { folder: string },
  scratch: string,
  mounts: readonly Mount[],
): Sandbox {
  return {
    root: { layers: [join(toolchain.folder, 'root')] },
    mounts: mounts,
    scratch,
  }
}

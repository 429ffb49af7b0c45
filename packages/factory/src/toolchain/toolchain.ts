import { join } from 'node:path'
import { installInCopy } from '../rootfs/install.ts'
import type { Executors } from '../run/engine.ts'
import { emulationFor } from '../sandbox/emulation.ts'
import type { Mount, Sandbox } from '../sandbox/sandbox.ts'

/** Where the toolchain sees its inputs and outputs: below `/run`, which is empty in every sandbox. */
export const workFolder = '/run/work'

/** The toolchain is a Debian root with the packages of packages.ts. */
export const makeToolchain: Executors['toolchain'] = async (step, context) => {
  await installInCopy({
    ...context,
    base: context.inputs.base,
    repository: context.inputs.repository,
    target: join(context.out, 'root'),
    packages: step.params.packages,
    initramfsStandIn: false,
    sources: '',
    epoch: step.params.epoch,
    emulation: emulationFor(step.params.arch, context.inputs.emulator),
  })
  return { facts: {} }
}

/**
 * The root with what an image takes from the tools: of the image's architecture, so that it is another than the toolchain
 * where that is one which this machine does not run.
 */
export function targetRoot(inputs: {
  readonly toolchain: { readonly folder: string }
  readonly target?: { readonly folder: string }
}): string {
  return join((inputs.target ?? inputs.toolchain).folder, 'root')
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

import type { ContainerTools } from '../bases/container-tools.ts'
import { type ToolOptions, toolRootFor } from '../toolchain/tool-root.ts'

export type { ToolOptions }

/** The programs that talk to registries; made where the cache does not have them. */
export function registryTools(options: ToolOptions): Promise<ContainerTools> {
  return toolRootFor('container-tools', options)
}

import type { LockedPackage, PackageSet } from '../lock/lock.ts'
import type { ForeignRoots, ToolRoot } from '../resolve/resolve.ts'
import type { ForeignTools } from '../resolve/wanted.ts'
import { crossStep, targetStep } from '../toolchain/foreign.ts'
import type { Step, StepOf } from './step.ts'

export const toolNames = ['toolchain', 'container-tools', 'signing-tools'] as const
export type ToolName = (typeof toolNames)[number]

const toolTitles: Readonly<Record<ToolName, string>> = {
  toolchain: 'toolchain',
  'container-tools': 'container tools',
  'signing-tools': 'signing tools',
}

function toolTitle(name: ToolName | ForeignTools): string {
  if (name in toolTitles) return toolTitles[name as ToolName]
  const [what, arch] = name.split('-')
  return what === 'cross' ? `tools for ${arch}` : `tools of ${arch}`
}

/** Steps that make a root of tools; the last one has the name as its id. */
export function planTools(name: ToolName | ForeignTools, { base, all }: ToolRoot): Step[] {
  const packages = withoutBase(all, base)
  const title = toolTitle(name)
  return [
    repository(`${name}/base-files`, `base files of the ${title}`, base.packages),
    repository(`${name}/files`, `files of the ${title}`, packages),
    baseStep(`${name}/base`, `base of the ${title}`, base, `${name}/base-files`),
    {
      id: name,
      kind: 'toolchain',
      title,
      params: { packages, epoch: all.epoch },
      inputs: { base: `${name}/base`, repository: `${name}/files` },
    },
  ]
}

/** The tools of another architecture are made by its own programs, which the first root runs. */
export function planForeign({ arch, cross, target }: ForeignRoots): Step[] {
  const emulator = crossStep(arch)
  const emulated = planTools(targetStep(arch), target).map((step): Step => {
    if (step.kind === 'base') return { ...step, inputs: { ...step.inputs, emulator } }
    if (step.kind !== 'toolchain') return step
    return { ...step, params: { ...step.params, arch }, inputs: { ...step.inputs, emulator } }
  })
  return [...planTools(emulator, cross), ...emulated]
}

export function baseStep(
  id: string,
  title: string,
  { request, epoch }: PackageSet,
  files: string,
  emulator: { readonly emulator?: string } = {},
): StepOf<'base'> {
  const { suite, arch } = request
  const inputs = { repository: files, ...emulator }
  return { id, kind: 'base', title, params: { suite, arch, epoch }, inputs }
}

export function repository(
  id: string,
  title: string,
  packages: readonly LockedPackage[],
): StepOf<'repository'> {
  return {
    id,
    kind: 'repository',
    title: `${title} (${packages.length} packages)`,
    params: { packages },
    inputs: {},
  }
}

export function withoutBase(all: PackageSet, base: PackageSet): LockedPackage[] {
  const inBase = new Set(base.packages.map(({ sha256 }) => sha256))
  return all.packages.filter(({ sha256 }) => !inBase.has(sha256))
}

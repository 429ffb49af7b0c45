import type { fileChecks } from '@kiln/contract/cloud-config/schema/step'
import type { StepWish } from '../modules/index.ts'
import type { StageFacts } from './facts.ts'

/** What only the machine itself can say, at the moment when the step is due. */
export type Condition =
  | { readonly kind: 'shell'; readonly line: string }
  | { readonly kind: 'files'; readonly check: FileCheck; readonly paths: readonly string[] }
export type FileCheck = (typeof fileChecks)[number]

/** Why a step is not for a machine with these facts, or undefined where it is. The first condition that is not met. */
export function misfit(step: StepWish, facts: StageFacts): string | undefined {
  const { node, only_os, only_os_version, only_arch, if_arch, only_service_manager: manager } = step
  const checks: readonly (readonly [
    name: string,
    pattern: string | undefined,
    actual: () => readonly string[],
  ])[] = [
    ['node', node, () => [facts.machine.node.hostname]],
    ['only_os', only_os, () => facts.osNames],
    ['only_os_version', only_os_version, () => facts.osVersions],
    ['only_arch', only_arch, () => [facts.machine.os.architecture]],
    ['if_arch', if_arch, () => [facts.machine.os.architecture]],
  ]
  for (const [name, pattern, actual] of checks) {
    if (pattern === undefined) continue
    const found = actual()
    if (!found.some((text) => new RegExp(pattern).test(text))) {
      return `${name}: ${pattern} is not ${found.join(' or ') || 'known here'}`
    }
  }
  if (manager !== undefined && facts.serviceManager !== manager) {
    return `only_service_manager: ${manager} is not ${facts.serviceManager ?? 'known here'}`
  }
  return undefined
}

/** @param line the step's `if`, with its templates filled in */
export function conditionsOf(step: StepWish, line: string | undefined): Condition[] {
  const files = Object.entries(step.if_files ?? {}) as [FileCheck, readonly string[]][]
  return [
    ...(line === undefined ? [] : [{ kind: 'shell', line } as const]),
    ...files.map(([check, paths]) => ({ kind: 'files', check, paths }) as const),
  ]
}

/** @param isThere of each path */
export function filesMeet(check: FileCheck, isThere: readonly boolean[]): boolean {
  switch (check) {
    case 'any':
      return isThere.some(Boolean)
    case 'all':
      return isThere.every(Boolean)
    case 'none':
      return !isThere.some(Boolean)
  }
}

export function conditionText(condition: Condition): string {
  return condition.kind === 'shell'
    ? `if: ${condition.line}`
    : `if_files: ${condition.check} of ${condition.paths.join(', ')}`
}

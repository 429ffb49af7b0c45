import { errorFromFindings, type Finding, type ImageIdentity, type Layout } from '@kiln/contract'
import type { Executors } from '../run/engine.ts'
import { checks } from './checks.ts'
import { inspectRoot } from './inspect.ts'
import { chooseKernel } from './kernel-choice.ts'
import { layersOf } from './layers.ts'
import { namesIn, type Tree } from './tree.ts'

/** Everything that a check may look at. */
export interface CheckedRoot {
  readonly tree: Tree
  readonly layout: Layout
  readonly identity: ImageIdentity
  /** Services that must come up by themselves. */
  readonly services: readonly string[]
  readonly kernelVersion: string | undefined
  readonly machineId: string
  readonly passwd: string
  readonly shadow: string
  readonly release: string
}

/** One rule: what it guards, and each way in which a root breaks it. */
export interface Check {
  readonly name: string
  readonly problems: (root: CheckedRoot) => readonly string[]
}

export const validate: Executors['validate'] = async (step, context) => {
  const { packages, convert, toolchain } = context.inputs
  const { tree, readText } = await inspectRoot({
    layers: layersOf(packages, convert),
    toolchain,
    out: context.out,
    scratch: context.scratch,
    signal: context.signal,
  })
  const kernelVersion = chooseKernel(namesIn(tree, '/usr/lib/modules'), step.params.identity.device)
  const [machineId, passwd, shadow, release] = await Promise.all(
    ['etc/machine-id', 'etc/passwd', 'etc/shadow', 'etc/kairos-release'].map(readText),
  )
  const findings = checkRoot({
    ...step.params,
    tree,
    kernelVersion,
    machineId: machineId ?? '',
    passwd: passwd ?? '',
    shadow: shadow ?? '',
    release: release ?? '',
  })
  const [first, ...rest] = findings
  if (first) throw errorFromFindings([first, ...rest])
  return { facts: { kernelVersion: kernelVersion ?? '' } }
}

/** Runs all checks; an empty list means that the image is fit to be packed. Pure. */
export function checkRoot(root: CheckedRoot): Finding[] {
  if (root.kernelVersion === undefined) {
    const hint = 'name a package under kernel: in kiln.yaml that brings one with its modules'
    return [{ code: 'E-KERNEL-MISSING', message: 'there is no kernel in the root file system', hint }]
  }
  return checks.flatMap(({ name, problems }) =>
    problems(root).map((problem): Finding => ({ code: 'E-IMAGE-INVALID', message: `${name}: ${problem}` })),
  )
}

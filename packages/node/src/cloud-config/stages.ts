import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import type { ActionStage, NodeStage } from '@kiln/contract/cloud-config/schema/stage-names'
import {
  type DirectoryConfig,
  type FileConfig,
  laterConditions,
  laterModules,
  type StepConfig,
} from '@kiln/contract/cloud-config/schema/step'
import type { UserConfig } from '@kiln/contract/cloud-config/schema/user'
import { templateRefusal, usesTemplate } from './template.ts'

/** One thing that a step does, as plain data. `modules/index.ts` has one function for each kind. */
export type Action =
  | { readonly kind: 'directories'; readonly directories: readonly DirectoryConfig[] }
  | { readonly kind: 'files'; readonly files: readonly FileConfig[] }
  | { readonly kind: 'commands'; readonly commands: readonly Command[] }
  | { readonly kind: 'hostname'; readonly hostname: string }
  | { readonly kind: 'users'; readonly users: readonly NamedUser[] }
  | { readonly kind: 'authorized_keys'; readonly keys: Readonly<Record<string, readonly string[]>> }
  /** Something of the field that is not there yet: always an error, never silence. */
  | { readonly kind: 'unsupported'; readonly key: string }

/** A shell line, or a program with its arguments. */
export type Command = string | readonly string[]
export type NamedUser = UserConfig & { readonly name: string }

export interface StageStep {
  readonly name: string
  /** Shell line; the step runs where it exits with 0. */
  readonly condition: string | undefined
  /** Why the step cannot run at all. */
  readonly blocked: string | undefined
  readonly actions: readonly Action[]
}

export type AnyStage = NodeStage | ActionStage
export type StageName = AnyStage | `${AnyStage}.before` | `${AnyStage}.after`

/**
 * The steps of one stage that a cloud-config asks for. What cloud-init calls by other names comes first, users before
 * files and commands: the other way round a file below /home would make a home that belongs to root.
 */
export function stepsOf(config: CloudConfig, stage: StageName): StageStep[] {
  const own = config.stages?.[stage] ?? []
  return [...cloudInitSteps(config, stage), ...own.map((step, index) => normalStep(step, index))]
}

function cloudInitSteps(config: CloudConfig, stage: StageName): StageStep[] {
  if (stage === 'initramfs' && config.hostname !== undefined) {
    return [simpleStep('hostname', [{ kind: 'hostname', hostname: config.hostname }])]
  }
  if (stage !== 'boot') return []
  const steps: StageStep[] = []
  const users = namedUsers(config)
  if (users.length > 0) steps.push(simpleStep('users', [{ kind: 'users', users }]))
  if (users.length === 0 && config.ssh_authorized_keys) {
    steps.push(
      simpleStep('ssh_authorized_keys', [
        { kind: 'authorized_keys', keys: { root: config.ssh_authorized_keys } },
      ]),
    )
  }
  if (config.write_files) {
    const files = config.write_files.map(
      ({ owner, ...file }): FileConfig => (owner === undefined ? file : { ...file, ownerstring: owner }),
    )
    steps.push(simpleStep('write_files', [{ kind: 'files', files }]))
  }
  if (config.runcmd) steps.push(simpleStep('runcmd', [{ kind: 'commands', commands: config.runcmd }]))
  return steps
}

/** The general keys belong to every user. */
function namedUsers(config: CloudConfig): NamedUser[] {
  const general = config.ssh_authorized_keys ?? []
  return (config.users ?? []).map((user) => ({
    ...user,
    name: user.name ?? '',
    ssh_authorized_keys: [...(user.ssh_authorized_keys ?? []), ...general],
  }))
}

function simpleStep(name: string, actions: readonly Action[]): StageStep {
  return { name, condition: undefined, blocked: undefined, actions }
}

/** Within a step the order is the field's own, whatever the order in the file. */
function normalStep(step: StepConfig, index: number): StageStep {
  const actions: Action[] = []
  if (step.directories) actions.push({ kind: 'directories', directories: step.directories })
  if (step.files) actions.push({ kind: 'files', files: step.files })
  if (step.commands) actions.push({ kind: 'commands', commands: step.commands })
  if (step.hostname !== undefined) actions.push({ kind: 'hostname', hostname: step.hostname })
  if (step.users) actions.push({ kind: 'users', users: usersByName(step.users) })
  if (step.authorized_keys) actions.push({ kind: 'authorized_keys', keys: step.authorized_keys })
  for (const key of laterModules) if (step[key] !== undefined) actions.push({ kind: 'unsupported', key })
  return {
    name: step.name ?? `step ${index}`,
    condition: step.if,
    blocked: blockedBy(step),
    actions,
  }
}

/** A condition that cannot be judged: nobody knows whether the step should run. */
function blockedBy(step: StepConfig): string | undefined {
  const unknown = laterConditions.filter((key) => step[key] !== undefined)
  if (unknown.length > 0) return `the condition ${unknown.join(', ')} is not yet supported`
  return step.if !== undefined && usesTemplate(step.if) ? `if: ${templateRefusal}` : undefined
}

/** Sorted by name, so that the same users get the same ids on every machine. */
function usersByName(users: Readonly<Record<string, UserConfig>>): NamedUser[] {
  return Object.entries(users)
    .map(([name, user]) => ({ ...user, name }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

import { type UpgradeConfig, unusedKeys } from '@kiln/contract/cloud-config/schema/blocks/upgrade'
import { AgentError } from '../agent-error.ts'
import type { Arguments, KnownArguments } from '../arguments.ts'

export const flags = [
  '--all',
  '--allow-insecure-registries',
  '--dry-run',
  '--json',
  '--pre',
  '--reboot',
  '--recovery',
] as const
export const values = ['--image', '--output', '--progress', '--registry', '--source'] as const

export type UpgradeArguments = Arguments<(typeof flags)[number], (typeof values)[number]>
export const known: KnownArguments<(typeof flags)[number], (typeof values)[number]> = {
  flags,
  values,
  words: 2,
}

export interface UpgradeOptions {
  /** What to upgrade to; undefined where nobody said it. */
  readonly reference: string | undefined
  readonly recovery: boolean
  readonly end: 'reboot' | 'poweroff' | undefined
  readonly allowInsecure: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly progress: 'text' | 'json'
  /** Keys of the cloud-config that have no effect. */
  readonly unused: readonly string[]
}

/** The command line counts for more than the cloud-configs. */
export function upgradeOptions(
  { flags, values, words }: UpgradeArguments,
  config: UpgradeConfig = {},
): UpgradeOptions {
  const recovery = flags.has('--recovery') || (words.length === 0 && config.recovery === true)
  const system = recovery ? config['recovery-system'] : config.system
  const end = config.reboot ? 'reboot' : config.poweroff ? 'poweroff' : undefined
  return {
    // `--image` is the field's old name; it took references without a scheme.
    reference: values['--source'] ?? words[0] ?? values['--image'] ?? system?.source ?? system?.uri,
    recovery,
    end: flags.has('--reboot') ? 'reboot' : end,
    allowInsecure: flags.has('--allow-insecure-registries') || config['allow-insecure-registries'] === true,
    dryRun: flags.has('--dry-run'),
    json: flags.has('--json') || values['--output'] === 'json',
    progress: values['--progress'] === 'json' ? 'json' : 'text',
    unused: unusedKeys.filter((key) => config[key] !== undefined),
  }
}

/** @throws AgentError no-source */
export function requireReference(reference: string | undefined): string {
  if (reference !== undefined) return reference
  throw new AgentError('no-source', 'Neither the command nor a cloud-config names a source.')
}

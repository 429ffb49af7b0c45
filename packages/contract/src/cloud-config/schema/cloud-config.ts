import * as z from 'zod/mini'
import { RunCommand, WriteFile } from './blocks/cloud-init.ts'
import { InstallConfig } from './blocks/install.ts'
import { KilnSettings } from './blocks/kiln.ts'
import { UpgradeConfig } from './blocks/upgrade.ts'
import { stageNames } from './stage-names.ts'
import { Step } from './step.ts'
import { User } from './user.ts'
import { list, openKeys, text } from './values.ts'

/**
 * The shape of a cloud-config, as the field writes it. Closed: a key that is not here is an error with its place; keys
 * of the field that Kiln does not act on yet are known, and whoever uses one is told.
 */
const Stages = z.strictObject(
  Object.fromEntries(stageNames.map((stage) => [stage, z.optional(z.array(Step))])),
)

/** Top-level blocks that other parts of a node read, or will. */
export const laterBlocks = [
  'reset',
  'k3s',
  'k3s-agent',
  'k0s',
  'k0s-worker',
  'p2p',
  'kubevip',
  'cluster',
  'providers',
  'kcrypt',
  'bundles',
  'phonehome',
  'growpart',
  'config_url',
  'env',
  'options',
  'grub_options',
  'debug',
  'strict',
  'logs',
  'cloud-init-paths',
  'fail_on_bundles_errors',
] as const

const known = {
  name: z.optional(text),
  hostname: z.optional(text),
  users: z.optional(z.array(User)),
  ssh_authorized_keys: z.optional(list),
  write_files: z.optional(z.array(WriteFile)),
  runcmd: z.optional(z.array(RunCommand)),
  stages: z.optional(Stages),
  install: z.optional(InstallConfig),
  upgrade: z.optional(UpgradeConfig),
  kiln: z.optional(KilnSettings),
  ...openKeys(laterBlocks),
}

/** `x-…` is free for anchors and notes. */
export const CloudConfig = z.catchall(z.object(known), z.unknown()).check((context) => {
  const strange = Object.keys(context.value).filter((key) => !(key in known) && !key.startsWith('x-'))
  if (strange.length > 0) {
    context.issues.push({ code: 'unrecognized_keys', keys: strange, input: context.value, path: [] })
  }
})

export type CloudConfig = z.infer<typeof CloudConfig>

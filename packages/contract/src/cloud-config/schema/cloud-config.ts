import * as z from 'zod/mini'
import { agentKeys } from './blocks/agent.ts'
import { GrowPart, RunCommand, WriteFile } from './blocks/cloud-init.ts'
import { InstallConfig } from './blocks/install.ts'
import { KcryptConfig } from './blocks/kcrypt.ts'
import { KilnSettings } from './blocks/kiln.ts'
import { ClusterConfig, K0sConfig, K3sConfig, KubeVipConfig } from './blocks/kubernetes.ts'
import { P2pConfig } from './blocks/p2p.ts'
import { PhoneHomeConfig } from './blocks/phonehome.ts'
import { ResetConfig } from './blocks/reset.ts'
import { UpgradeConfig } from './blocks/upgrade.ts'
import { stageNames } from './stage-names.ts'
import { Step } from './step.ts'
import { ListedUser } from './user.ts'
import { list, text } from './values.ts'

const Stages = z.strictObject(
  Object.fromEntries(stageNames.map((stage) => [stage, z.optional(z.array(Step))])),
)

/**
 * The shape of a cloud-config, as the field writes it. Closed: a key that is not here is an error with its place. Blocks
 * below `x-…` and those of a provider are taken out before this sees them.
 */
export const CloudConfig = z.strictObject({
  name: z.optional(text),
  hostname: z.optional(text),
  users: z.optional(z.array(ListedUser).check(z.minLength(1, 'must have at least one entry'))),
  ssh_authorized_keys: z.optional(list),
  write_files: z.optional(z.array(WriteFile)),
  runcmd: z.optional(z.array(RunCommand)),
  growpart: z.optional(GrowPart),
  stages: z.optional(Stages),
  install: z.optional(InstallConfig),
  upgrade: z.optional(UpgradeConfig),
  reset: z.optional(ResetConfig),
  k3s: z.optional(K3sConfig),
  'k3s-agent': z.optional(K3sConfig),
  k0s: z.optional(K0sConfig),
  'k0s-worker': z.optional(K0sConfig),
  kubevip: z.optional(KubeVipConfig),
  p2p: z.optional(P2pConfig),
  cluster: z.optional(ClusterConfig),
  kcrypt: z.optional(KcryptConfig),
  phonehome: z.optional(PhoneHomeConfig),
  kiln: z.optional(KilnSettings),
  ...agentKeys,
})
export type CloudConfig = z.infer<typeof CloudConfig>

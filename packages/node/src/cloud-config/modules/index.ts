import type { BundlesConfig } from '@kiln/contract/cloud-config/schema/blocks/bundles'
import type { ModuleName, StepConfig } from '@kiln/contract/cloud-config/schema/step'
import type { Command, NamedUser, Operation } from '../operations/operation.ts'
import type { PlanContext } from '../plan/context.ts'
import { planKeys } from './authorized-keys.ts'
import { planBundles } from './bundles.ts'
import { planCommands } from './commands.ts'
import { planDns } from './dns.ts'
import { planDownloads } from './downloads.ts'
import { planEntities } from './entities.ts'
import { planEnvironment } from './environment.ts'
import { planDirectories, planFiles } from './files.ts'
import { planGit } from './git.ts'
import { planHostname } from './hostname.ts'
import { planKernelModules, planSysctl } from './kernel.ts'
import { planPackages, planPins } from './packages.ts'
import { planFirstboot, planSystemctl, planTimesyncd } from './systemd.ts'
import { planUsers } from './users.ts'

/** A step as it is planned: of a cloud-config's stage, or made of what cloud-init has at the top. */
export interface StepWish extends Omit<StepConfig, 'users' | 'commands'> {
  readonly users?: readonly NamedUser[] | undefined
  readonly commands?: readonly Command[] | undefined
  /** Only of top-level keys: steps of the field have none. */
  readonly grub_options?: Readonly<Record<string, string>> | undefined
  readonly bundles?: BundlesConfig | undefined
}
type WishName = ModuleName | 'grub_options' | 'bundles'

type Planner<K extends WishName> = (
  value: NonNullable<StepWish[K]>,
  context: PlanContext,
  step: StepWish,
) => readonly Operation[]

/** One function for each module, in the order in which a step does them: the field's. One that is missing does not compile. */
const planners: { readonly [K in WishName]: Planner<K> } = {
  dns: planDns,
  downloads: planDownloads,
  git: planGit,
  ensure_entities: (entities, context) => planEntities('ensure-entity', entities, context),
  directories: planDirectories,
  files: planFiles,
  commands: planCommands,
  delete_entities: (entities, context) => planEntities('delete-entity', entities, context),
  hostname: planHostname,
  sysctl: planSysctl,
  users: planUsers,
  authorized_keys: planKeys,
  modules: planKernelModules,
  timesyncd: planTimesyncd,
  systemctl: planSystemctl,
  environment: (values, context, step) => planEnvironment(values, step.environment_file, context),
  systemd_firstboot: planFirstboot,
  datasource: (config) => [{ kind: 'datasource', config }],
  layout: (layout) => [{ kind: 'layout', layout }],
  package_pins: planPins,
  packages: planPackages,
  unpack_images: (images) =>
    images.map(({ source, target, platform }) => ({ kind: 'unpack-image', source, target, platform })),
  grub_options: (values) => [{ kind: 'boot-options', values }],
  bundles: planBundles,
}

/** All that a step does, in order. */
export function planModules(step: StepWish, context: PlanContext): Operation[] {
  return (Object.keys(planners) as WishName[]).flatMap((name) => planModule(name, step, context))
}

function planModule<K extends WishName>(name: K, step: StepWish, context: PlanContext): readonly Operation[] {
  const value = step[name]
  if (value === undefined) return []
  const planner: Planner<K> = planners[name]
  return planner(value as NonNullable<StepWish[K]>, context, step)
}

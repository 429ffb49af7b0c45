/** Stages that a node runs by itself. */
export const nodeStages = ['rootfs', 'initramfs', 'fs', 'boot', 'network', 'reconcile'] as const
export type NodeStage = (typeof nodeStages)[number]

/** Stages of the field around what the agent does, in their own order. */
const hookStages = ['install', 'upgrade', 'reset'].flatMap((action) => [
  `before-${action}`,
  `after-${action}`,
  `after-${action}-chroot`,
])
const outerStages = [
  'kairos-install',
  'kairos-uki-install',
  'kairos-uki-upgrade',
  'kairos-uki-reset',
].flatMap((action) => [`${action}.pre`, `${action}.after`])
/** Around the start of Kubernetes. Run by the field's provider, which asks for them by these names. */
export const providerStages = ['before', 'after'].flatMap((when) =>
  ['master', 'master/clusterinit', 'master/ha', 'worker'].map(
    (role) => `provider-kairos.bootstrap.${when}.${role}`,
  ),
)
type Action = 'install' | 'upgrade' | 'reset'
export type ActionStage =
  | `before-${Action}`
  | `after-${Action}`
  | `after-${Action}-chroot`
  | `kairos-${'install' | 'uki-install' | 'uki-upgrade' | 'uki-reset'}.${'pre' | 'after'}`
  | `provider-kairos.bootstrap.${'before' | 'after'}.${'master' | 'master/clusterinit' | 'master/ha' | 'worker'}`

/** Stages without `.before` and `.after`. */
export const settableStages = [...nodeStages, ...hookStages, ...outerStages, ...providerStages] as [
  string,
  ...string[],
]

/** All names that `stages` can have. */
export const stageNames: readonly string[] = [
  ...[...nodeStages, ...hookStages].flatMap((stage) => [`${stage}.before`, stage, `${stage}.after`]),
  ...outerStages,
  ...providerStages,
]

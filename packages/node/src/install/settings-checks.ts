import {
  type InstallConfig,
  refusedKeys,
  unusedKeys,
} from '@kiln/contract/cloud-config/schema/blocks/install'

/** What cannot be, or would not be what was asked for. As sentences. */
export function problemsOf(install: InstallConfig): string[] {
  return [
    ...refusedKeys
      .filter((key) => install[key] !== undefined && !isEmpty(install[key]))
      .map((key) => `install.${key} is not yet supported, and without it something else would be installed`),
    ...(install.reboot && install.poweroff
      ? ['install.reboot and install.poweroff cannot both be true']
      : []),
    ...(install.source !== undefined && install.image !== undefined && install.source !== install.image
      ? ['install.source and install.image name different images']
      : []),
    ...Object.entries(install.partitions ?? {}).flatMap(([role, { fs } = {}]) => {
      const fixed = role === 'efi' ? 'vfat' : 'ext4'
      return fs === undefined || fs === fixed
        ? []
        : [`install.partitions.${role}.fs is ${fs}; it is always ${fixed}`]
    }),
  ]
}

/** `false` and empty lists ask for nothing. */
function isEmpty(value: unknown): boolean {
  return value === false || value === null || (Array.isArray(value) && value.length === 0)
}

/** What is understood and has no effect, or another one. As sentences. */
export function warningsOf(install: InstallConfig): string[] {
  const { partitions = {} } = install
  const named = Object.entries({ ...partitions }).flatMap(([role, { label, name, flags, uuid } = {}]) =>
    Object.entries({ label, name, flags, uuid }).flatMap(([key, value]) =>
      value === undefined ? [] : [`install.partitions.${role}.${key} has no effect`],
    ),
  )
  const extras = (install['extra-partitions'] ?? []).flatMap(({ name, flags, uuid, fs }) => [
    ...(flags === undefined && uuid === undefined
      ? []
      : [`flags and uuid of extra partition ${name} have no effect`]),
    ...(fs === 'ext2' || fs === 'ext3' ? [`extra partition ${name} becomes ext4 instead of ${fs}`] : []),
  ])
  return [
    ...unusedKeys.filter((key) => install[key] !== undefined).map((key) => `install.${key} has no effect`),
    ...(partitions.recovery?.size === undefined
      ? []
      : ['install.partitions.recovery.size has no effect: recovery is a slot in COS_STATE']),
    ...named,
    ...extras,
  ]
}

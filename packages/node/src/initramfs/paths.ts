/** Where things are while the initramfs runs. `/run` moves along to the running system. */
export const paths = {
  busybox: '/bin/busybox',
  veritysetup: '/bin/veritysetup',
  /** Kernel modules to load always, one name per line. */
  alwaysModules: '/etc/kiln/modules',
  sysroot: '/sysroot',
  liveMedium: '/run/initramfs/live',
  statePartition: '/run/initramfs/cos-state',
  /** The persistent store, before the layout puts it in its place. */
  store: '/run/kiln/store',
  overlays: '/run/overlay',
  rootDevice: '/dev/mapper/kiln-root',
  bootFacts: '/run/kiln/boot.json',
  efiVariables: '/sys/firmware/efi/efivars',
  watchdog: '/dev/watchdog',
  bootFailure: '/run/kiln/boot-failure.json',
  sentinels: '/run/cos',
  agentInImage: '/usr/bin/kiln-agent',
} as const

/** File name of the root image, on a live medium below its payload folder and in a slot. */
export const rootImageName = 'root.img'

import { type Architecture, architectureBy, architectures, espPaths, grubPaths } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { exists } from '../host/tree.ts'
import type { BootLoader } from './boot-loader.ts'
import { bothLoaders } from './both-loaders.ts'
import { hasEfi } from './efi-variables.ts'
import { withEsp } from './esp.ts'
import { grub } from './grub.ts'
import { type NodeDisk, partitionOf } from './node-disk.ts'
import { systemdBoot } from './systemd-boot.ts'

export interface LoaderOptions {
  readonly esp: string
  readonly arch: Architecture
  readonly disk?: NodeDisk['grub']
}

/** Loaders that are to be on a disk. */
export type LoaderKinds = 'uefi' | 'bios' | 'hybrid'

/** @param firmware what the disk starts under */
export function makeLoader(
  host: Host,
  firmware: LoaderKinds,
  { esp, arch, disk }: LoaderOptions,
): BootLoader {
  const efi = () => systemdBoot(host, { esp, arch })
  const bios = () => grub(host, disk === undefined ? { esp } : { esp, disk })
  if (firmware === 'uefi') return efi()
  if (firmware === 'bios') return bios()
  return hasEfi(host) ? bothLoaders(efi(), bios()) : bothLoaders(bios(), efi())
}

/** The loader of a mounted EFI partition, by what is on it. */
export function openLoader(host: Host, options: LoaderOptions): BootLoader {
  const hasGrub = exists(host, `${options.esp}/${grubPaths.config}`)
  const hasSystemdBoot = exists(host, `${options.esp}/${espPaths.loaderConfig}`)
  const firmware = hasGrub && hasSystemdBoot ? 'hybrid' : hasGrub ? 'bios' : 'uefi'
  return makeLoader(host, firmware, options)
}

/** Does something with the boot loader of this node. @throws AgentError boot-loader */
export function withLoader<T>(
  host: Host,
  disk: NodeDisk,
  access: 'read' | 'write',
  action: (loader: BootLoader) => T,
): T {
  // Asking costs a program, and only writing needs it.
  const arch = access === 'read' ? architectures[0] : machineArchitecture(host)
  return withEsp(host, partitionOf(disk, 'efi'), access, (esp) =>
    action(openLoader(host, { esp, arch, ...(disk.grub ? { disk: disk.grub } : {}) })),
  )
}

export function machineArchitecture(host: Pick<Host, 'run'>): Architecture {
  const machine = host.run(['uname', '-m']).stdout.trim()
  return architectureBy('uname', machine) ?? architectures[0]
}

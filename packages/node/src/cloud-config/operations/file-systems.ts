import type { layoutFileSystems } from '@kiln/contract/cloud-config/schema/modules/system'
import type { Argv } from '../../host/host.ts'
import { type Actor, OperationError, runFor, runOrFail } from './actor.ts'

export type LayoutFileSystem = (typeof layoutFileSystems)[number]

const longestXfsLabel = 12

/** The program that makes a file system, or undefined where none is wished. The default is ext2, as in the field. */
export function fileSystemProgram(
  kind: LayoutFileSystem = 'ext2',
  label: string | undefined,
  device: string,
): Argv | undefined {
  const named = (option: string) => (label === undefined || label === '' ? [] : [option, label])
  switch (kind) {
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return [`mkfs.${kind}`, '-q', '-F', ...named('-L'), device]
    case 'xfs':
      if ((label?.length ?? 0) > longestXfsLabel) {
        throw new OperationError(
          `layout: the label ${label} of an xfs file system cannot be longer than 12 chars`,
        )
      }
      return ['mkfs.xfs', '-q', '-f', ...named('-L'), device]
    case 'btrfs':
      return ['mkfs.btrfs', '-q', '-f', ...named('-L'), device]
    case 'vfat':
    case 'fat':
      return ['mkfs.vfat', ...named('-n'), device]
    case 'fat16':
    case 'fat32':
      return ['mkfs.vfat', '-F', kind.slice(3), ...named('-n'), device]
    case 'swap':
      return ['mkswap', ...named('-L'), device]
    default:
      return undefined
  }
}

const growable = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs']

/** Asked before the partition is changed. */
export function requireGrowable(kind: string | undefined): void {
  if (kind === 'swap') throw new OperationError('layout: swap resizing is not supported')
  if (kind !== undefined && !growable.includes(kind)) {
    throw new OperationError(`layout: a file system of the kind ${kind} cannot be grown`)
  }
}

/** Grows a file system to its partition, mounted or not. */
export function growFileSystem(device: string, kind: string | undefined, actor: Actor): void {
  if (kind === undefined) return
  if (kind.startsWith('ext')) {
    if (mountOf(device, actor) === undefined) runFor(actor, ['e2fsck', '-f', '-p', device])
    runOrFail(actor, ['resize2fs', device])
    return
  }
  const argv = (path: string): Argv =>
    kind === 'xfs' ? ['xfs_growfs', path] : ['btrfs', 'filesystem', 'resize', 'max', path]
  const mounted = mountOf(device, actor)
  if (mounted !== undefined) return void runOrFail(actor, argv(mounted))
  const folder = `${actor.root}/run/kiln/grow`
  actor.host.mkdir(folder, { recursive: true })
  actor.host.mount({ source: device, target: folder, type: kind })
  try {
    runOrFail(actor, argv(folder))
  } finally {
    actor.host.unmount(folder)
  }
}

function mountOf(device: string, { host }: Actor): string | undefined {
  const { code, stdout } = host.run([
    'findmnt',
    '--noheadings',
    '--first-only',
    '--output',
    'TARGET',
    '--source',
    device,
  ])
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

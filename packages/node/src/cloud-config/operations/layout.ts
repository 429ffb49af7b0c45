import { MiB } from '@kiln/contract'
import type { LayoutConfig } from '@kiln/contract/cloud-config/schema/modules/system'
import { type Disk, listDisks } from '../../disk/devices.ts'
import { type Actor, OperationError, runOrFail } from './actor.ts'
import { fileSystemProgram, growFileSystem, requireGrowable } from './file-systems.ts'
import { withImagePrograms } from './image-programs.ts'
import type { OperationOf } from './operation.ts'
import { lastPartition, readTable, type TablePartition } from './sfdisk-table.ts'

const linuxType = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'
const efiType = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'

/**
 * Adds partitions to a disk and grows the last one. A partition whose name is there already is left alone, so that a step
 * may run at each boot. Nothing on the disk is deleted.
 */
export function applyLayout({ layout }: OperationOf<'layout'>, actor: Actor): void {
  withImagePrograms(actor, (equipped) => arrange(layout, equipped))
}

function arrange(layout: LayoutConfig, actor: Actor): void {
  const disk = findDisk(layout.device, actor)
  const wanted = layout.add_partitions ?? []
  for (const { filesystem, fsLabel } of wanted) fileSystemProgram(filesystem, fsLabel, 'checked')
  if (layout.device?.init_disk) initDisk(disk, actor)
  const names = new Set(readTable(actor, disk.path).partitions.map(({ name }) => name))
  const missing = wanted.filter(({ pLabel }) => pLabel === undefined || !names.has(pLabel))
  if (missing.length > 0 || layout.expand_partition) {
    // An image that was written to a larger disk has its second table in the middle.
    runOrFail(actor, [
      'sfdisk',
      '--quiet',
      '--no-reread',
      '--no-tell-kernel',
      '--relocate',
      'gpt-bak-std',
      disk.path,
    ])
  }
  for (const partition of missing) addPartition(disk, partition, actor)
  if (layout.expand_partition) expandLast(disk, layout.expand_partition.size ?? 0, actor)
}

type Device = LayoutConfig['device']
type Added = NonNullable<LayoutConfig['add_partitions']>[number]

function findDisk(device: Device, actor: Actor): Disk {
  const { host } = actor
  const disks = listDisks(host)
  if (device?.label !== undefined) {
    const { label } = device
    const found = disks.filter(
      (disk) => disk.label === label || disk.partitions.some((part) => part.label === label),
    )
    if (found.length === 1 && found[0]) return found[0]
    throw new OperationError(
      `layout: ${found.length === 0 ? 'no disk has' : 'several disks have'} a file system ${label}`,
    )
  }
  const wish = device?.path
  if (wish === undefined || wish === '') throw new OperationError('layout: device needs a path or a label')
  const path = wish.startsWith('script://') ? scriptOutput(wish.slice('script://'.length), actor) : wish
  const real = runOrFail(actor, ['readlink', '-f', path]).trim()
  const disk = disks.find((each) => each.path === real)
  if (!disk) throw new OperationError(`layout: ${path} is not a disk of this machine`)
  return disk
}

function scriptOutput(line: string, actor: Actor): string {
  const [shell, ...args] = actor.shell
  const output = runOrFail(actor, [shell, ...args, '-c', line]).trim()
  if (output === '') throw new OperationError(`layout: the output of ${line} is empty`)
  return output
}

/** The field empties any disk; here one that has something on it is left as it is. */
function initDisk(disk: Disk, actor: Actor): void {
  if (disk.table === 'gpt') return
  if (disk.table !== undefined || disk.fileSystem !== undefined) {
    throw new OperationError(
      `layout: ${disk.path} is not empty (${disk.table ?? disk.fileSystem}), so it gets no new partition table`,
    )
  }
  runOrFail(actor, ['sfdisk', '--quiet', disk.path], { input: 'label: gpt\n' })
}

function addPartition(
  disk: Disk,
  { pLabel, fsLabel, size = 0, filesystem, bootable }: Added,
  actor: Actor,
): void {
  const before = new Set(readTable(actor, disk.path).partitions.map(({ node }) => node))
  const fields = [
    ...(size === 0 ? [] : [`size=${size}MiB`]),
    `type=${bootable ? efiType : linuxType}`,
    ...(pLabel === undefined ? [] : [`name="${pLabel.replace(/["\\\n]/g, '')}"`]),
  ]
  runOrFail(actor, ['sfdisk', '--quiet', '--append', '--no-reread', '--no-tell-kernel', disk.path], {
    input: `${fields.join(', ')}\n`,
  })
  tellKernel(disk, actor)
  const added = readTable(actor, disk.path).partitions.find(({ node }) => !before.has(node))
  if (!added) throw new OperationError(`layout: ${disk.path} has no new partition`)
  const argv = fileSystemProgram(filesystem, fsLabel, added.node)
  if (!argv) return
  runOrFail(actor, argv)
  settle(actor)
}

/** @param size MiB; 0 is all there is */
function expandLast(disk: Disk, size: number, actor: Actor): void {
  const table = readTable(actor, disk.path)
  const last = lastPartition(table)
  if (!last) throw new OperationError(`layout: ${disk.path} has no partition to expand`)
  // One that was added a moment ago is not in what was known of the disk.
  const part = listDisks(actor.host)
    .flatMap(({ partitions }) => partitions)
    .find(({ path }) => path === last.node)
  requireGrowable(part?.fileSystem)
  const current = last.size * table.sectorBytes
  const room = (table.lastLba - last.start + 1) * table.sectorBytes
  const wanted = size === 0 ? room : size * MiB
  if (wanted < current && size !== 0)
    throw new OperationError(`layout: ${last.node} has ${current / MiB} MiB and cannot become smaller`)
  if (wanted > room)
    throw new OperationError(
      `layout: ${last.node} cannot become ${size} MiB: there are ${Math.floor(room / MiB)} MiB`,
    )
  if (wanted - current >= MiB) resize(disk, last, size, actor)
  growFileSystem(last.node, part?.fileSystem, actor)
}

function resize(disk: Disk, { number }: TablePartition, size: number, actor: Actor): void {
  const input = size === 0 ? ', +\n' : `, ${size}MiB\n`
  runOrFail(
    actor,
    ['sfdisk', '--quiet', '-N', String(number), '--no-reread', '--no-tell-kernel', disk.path],
    { input },
  )
  tellKernel(disk, actor)
}

/** Also of a disk that is in use. */
function tellKernel(disk: Disk, actor: Actor): void {
  runOrFail(actor, ['partx', '--update', disk.path])
  settle(actor)
}

/** Until udev has looked at what changed. Its exit code says only that it waited in vain; what comes next fails then. */
function settle({ host }: Actor): void {
  host.run(['udevadm', 'settle', '--timeout=30'])
}

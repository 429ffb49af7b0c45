import {
  type DiskPlan,
  MiB,
  type PlannedPartition,
  sfdiskScript,
  type TableGuids,
  vacantBootCode,
} from '@kiln/contract'
import { type Host, hasErrno } from '../host/host.ts'
import { listIfThere, readIfThere, statIfThere } from '../host/tree.ts'
import type { Disk } from './devices.ts'
import { writeTable } from './sfdisk.ts'
import { DiskToolError } from './tool.ts'

const pollMs = 100
const partitionsTimeoutMs = 15_000

/** What the kernel counts in, whatever the sectors of the disk are. */
const sysfsUnit = 512

/**
 * Replaces all that is on a disk by the partitions of a plan, without file systems. What was there first goes the first and
 * the last MiB: from then on nothing starts from this disk, and nothing old can be found on it.
 * @returns the device of each partition, by its number
 * @throws DiskToolError, HostError
 */
export function writePartitions(host: Host, disk: Disk, plan: DiskPlan): ReadonlyMap<number, string> {
  const start = new Uint8Array(MiB)
  // Until there is a boot loader. It is there before the table, which comes with a signature that makes a BIOS start it.
  start.set(vacantBootCode)
  host.overwrite(disk.path, 0, start)
  host.overwrite(disk.path, disk.bytes - MiB, new Uint8Array(MiB))
  // udev looks at what has changed, and sfdisk would find the disk in use.
  settle(host)
  writeTable(host, disk.path, sfdiskScript(plan, randomGuids(host)))
  return awaitPartitions(host, disk, plan)
}

function randomGuids(host: Pick<Host, 'readText'>): TableGuids {
  const random = () => host.readText('/proc/sys/kernel/random/uuid').trim()
  return { disk: random(), partition: random }
}

/** The kernel may need a moment, and udev shows devices only after it looked at them. */
function awaitPartitions(host: Host, disk: Disk, plan: DiskPlan): ReadonlyMap<number, string> {
  const deadline = host.uptime() + partitionsTimeoutMs
  for (;;) {
    const found = new Map(plan.partitions.flatMap((each) => findPartition(host, disk.name, each) ?? []))
    const missing = plan.partitions.filter(({ number }) => !found.has(number))
    if (missing.length === 0) {
      settle(host)
      return found
    }
    if (host.uptime() >= deadline) {
      const names = missing.map(({ number, name }) => `${number} (${name})`).join(', ')
      throw new DiskToolError(`the kernel does not show the new partitions of ${disk.path}: ${names}`)
    }
    host.sleep(pollMs)
  }
}

/** A partition counts only where the kernel has it at the place and in the size of the plan. */
function findPartition(
  host: Host,
  disk: string,
  { number, start, bytes }: PlannedPartition,
): [number: number, device: string][] | undefined {
  const folder = `/sys/class/block/${disk}`
  for (const name of listIfThere(host, folder)) {
    const fact = (file: string) => Number(readIfThere(host, `${folder}/${name}/${file}`) ?? Number.NaN)
    const fits =
      fact('partition') === number &&
      fact('start') * sysfsUnit === start &&
      fact('size') * sysfsUnit === bytes
    const device = `/dev/${name.replaceAll('!', '/')}`
    if (fits && statIfThere(host, device)) return [[number, device]]
  }
  return undefined
}

function settle(host: Host): void {
  try {
    // Its exit code says only that it waited in vain; what comes next fails by itself then.
    host.run(['udevadm', 'settle', '--timeout=30'])
  } catch (error) {
    // Without udev, the kernel alone makes the devices.
    if (!hasErrno(error, 'ENOENT')) throw error
  }
}

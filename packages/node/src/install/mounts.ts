import { type Host, HostError } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import type { InstallSession, StepOf } from './session.ts'
import { mountPoints } from './step.ts'

/** Nothing on these partitions is run, and hooks find them at the field's places. */
const flags = ['nosuid', 'nodev'] as const

export function mountPartition({ role, type }: StepOf<'mount'>, session: InstallSession): void {
  const { host, devices, mounted } = session
  const source = devices[role]
  if (source === undefined) throw new HostError('ENODEV', 'mount', role)
  const target = mountPoints[role]
  host.mkdir(target, { recursive: true })
  const data = type === 'vfat' ? { data: 'umask=0077' } : {}
  host.mount({ source, target, type, flags, ...data })
  mounted.push(target)
}

/** The last one first. What is held by somebody is let go as soon as they do. */
export function unmountAll({ host, mounted }: Pick<InstallSession, 'host' | 'mounted'>): void {
  for (const target of mounted.splice(0).toReversed()) unmount(host, target)
}

function unmount(host: Host, target: string): void {
  try {
    host.unmount(target)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    host.unmount(target, { lazy: true })
  }
}

/** What an installation that was killed left mounted; the disk would seem to be in use. */
export function unmountLeftovers(host: Host): void {
  const targets: readonly string[] = Object.values(mountPoints)
  const mounts = (readIfThere(host, '/proc/self/mounts') ?? '')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const target of mounts.filter((mount) => targets.includes(mount)).toReversed()) unmount(host, target)
}

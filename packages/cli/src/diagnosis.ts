import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { arch } from 'node:os'
import { dirname } from 'node:path'
import { type Purpose, type Requirement, requirements } from '@kiln/factory/tools/host-tools'
import { installCommand, type Privilege, privilege } from './apt.ts'
import { formatBytes } from './report/format.ts'

/**
 * `ok` is there; `installable` is missing, and Kiln installs it when it is needed; `poor` works, but slowly or not for
 * long; `missing` stands in the way.
 */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'installable' | 'poor' | 'missing'
  readonly detail: string
  /** How to mend it. */
  readonly fix?: string
}

export interface Group {
  readonly name: Purpose
  readonly possible: boolean
  readonly checks: readonly Check[]
}

export interface Diagnosis {
  readonly groups: readonly Group[]
}

/** Measured with one image of examples/debian: toolchain, base, layers, payload and ISO, and room to work in. */
const wantedSpace = 6 * 1024 ** 3
const leastSpace = 3 * 1024 ** 3

/** Looks at this machine and changes nothing. */
export function diagnose(cacheFolder: string): Diagnosis {
  const how = privilege()
  const tools = (purpose: Purpose) =>
    requirements([purpose]).map((requirement) => toolCheck(requirement, how))
  return {
    groups: [
      group('build', [sandboxCheck(), spaceCheck(cacheFolder), ...tools('build')]),
      group('boot', [accelerationCheck(), ...tools('boot')]),
      group('test', tools('test')),
    ],
  }
}

function group(name: Purpose, checks: readonly Check[]): Group {
  return { name, possible: checks.every(({ status }) => status !== 'missing'), checks }
}

export function toolCheck(requirement: Requirement, how: Privilege): Check {
  const { name, why, present } = requirement
  if (present) return { name, status: 'ok', detail: why }
  const command = installCommand([requirement.package])
  return how === 'none'
    ? { name, status: 'missing', detail: why, fix: `as root: ${command}` }
    : { name, status: 'installable', detail: why, fix: `installed when needed, or now: ${command}` }
}

function sandboxCheck(): Check {
  const name = 'sandbox'
  if (process.getuid?.() === 0) return { name, status: 'ok', detail: 'runs as root' }
  const trial = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' })
  if (trial.status === 0) return { name, status: 'ok', detail: 'user namespaces can be used' }
  return {
    name,
    status: 'missing',
    detail: 'user namespaces cannot be used, and this is not root',
    fix: 'as root: sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
  }
}

function spaceCheck(cacheFolder: string): Check {
  const { bavail, bsize } = statfsSync(nearestFolder(cacheFolder))
  return spaceVerdict(bavail * bsize, cacheFolder)
}

export function spaceVerdict(free: number, cacheFolder: string): Check {
  const detail = `${formatBytes(free)} free for ${cacheFolder}`
  if (free >= wantedSpace) return { name: 'disk space', status: 'ok', detail }
  return {
    name: 'disk space',
    status: free >= leastSpace ? 'poor' : 'missing',
    detail: `${detail}; ${formatBytes(wantedSpace)} are better`,
    fix: 'free some space, or put the cache elsewhere: --cache DIR',
  }
}

/** The cache need not be there yet. */
function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path))
}

function accelerationCheck(): Check {
  const name = 'acceleration'
  if (arch() !== 'x64') {
    return { name, status: 'poor', detail: 'x86-64 is emulated on this processor: about ten times slower' }
  }
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return { name, status: 'ok', detail: 'KVM can be used' }
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
    return {
      name,
      status: 'poor',
      detail: 'without KVM, virtual machines are emulated: about ten times slower',
      fix: denied
        ? 'become a member of the group kvm: as root, adduser USER kvm'
        : 'there is no /dev/kvm: turn on virtualisation in the firmware, or nested virtualisation in the host',
    }
  }
}

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { arch } from 'node:os'
import { dirname } from 'node:path'
import { probeKvm } from '@kiln/factory/boot/accel'
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

/** One image of examples/debian takes 1.4 GiB of cache: toolchain, layers, payload, ISO; then room for a second state. */
const wantedSpace = 5 * 1024 ** 3
const leastSpace = 2.5 * 1024 ** 3

/** Looks at this machine and changes nothing. */
export async function diagnose(cacheFolder: string): Promise<Diagnosis> {
  const how = privilege()
  const tools = (purpose: Purpose) =>
    requirements([purpose]).map((requirement) => toolCheck(requirement, how))
  return {
    groups: [
      group('build', [sandboxCheck(), emulationCheck(), spaceCheck(cacheFolder), ...tools('build')]),
      group('boot', [await accelerationCheck(), ...tools('boot')]),
      group('boot-arm64', tools('boot-arm64')),
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

/** Other architectures are a wish that most people do not have, so that nothing is missing without. */
function emulationCheck(): Check {
  const name = 'other architectures'
  const trial = spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'mount', '-t', 'binfmt_misc', 'kiln', '/proc/sys/fs'],
    { stdio: 'ignore' },
  )
  if (trial.status === 0) return { name, status: 'ok', detail: 'images for arm64 can be built, emulated' }
  return {
    name,
    status: 'poor',
    detail: 'programs of other architectures cannot be emulated in a namespace',
    fix: 'use Linux 6.7 or later; or as root: apt-get install qemu-user-static binfmt-support',
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

async function accelerationCheck(): Promise<Check> {
  const name = 'acceleration'
  const detail = 'virtual machines are emulated: about ten times slower'
  if (arch() !== 'x64') return { name, status: 'poor', detail: `x86-64 ${detail}` }
  if (toolMissing('qemu-system-x86_64'))
    return { name, status: 'poor', detail: 'not known before QEMU is here' }
  const verdict = await probeKvm()
  if (verdict.works) return { name, status: 'ok', detail: 'KVM works' }
  return { name, status: 'poor', detail: `${detail} (${verdict.reason})`, fix: kvmFix() }
}

function toolMissing(tool: string): boolean {
  return requirements(['boot']).some(({ name, present }) => name === tool && !present)
}

function kvmFix(): string {
  if (!existsSync('/dev/kvm')) {
    return 'turn on virtualisation in the firmware, or nested virtualisation in the host'
  }
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return 'the host of this machine does not virtualise well enough; nothing to mend here'
  } catch {
    return 'become a member of the group kvm: as root, adduser USER kvm'
  }
}

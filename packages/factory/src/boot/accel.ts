import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { KilnError } from '@kiln/contract'
import { type Accelerator, startQemu } from '../tools/qemu.ts'
import type { GuestArchitecture } from '../tools/qemu-machines.ts'
import { probeExitCode, probeSector } from './boot-sector.ts'
import { atProcessEnd, temporaryFolder } from './process-end.ts'

export type AcceleratorWish = 'auto' | Accelerator

export type ProbeVerdict = { readonly works: true } | { readonly works: false; readonly reason: string }

const probeMs = 5_000

let known: Promise<ProbeVerdict> | undefined

/**
 * Whether KVM works on this machine. That /dev/kvm is there says little: in many containers and nested machines it
 * cannot be opened, aborts, or hangs. So a machine is started that runs one sector of code. Found out once per process.
 */
export function probeKvm(): Promise<ProbeVerdict> {
  const reason = kvmObstacle(existsSync('/dev/kvm'), process.arch, readCpuInfo())
  known ??= reason === undefined ? probeAccelerator('kvm') : Promise.resolve({ works: false, reason })
  return known
}

/**
 * What speaks against KVM before anything is tried. An x86 processor without vmx and svm has only a stand-in in software
 * (kvm-pvm), which runs firmware and one sector of code, but hangs with a kernel.
 */
export function kvmObstacle(hasDevice: boolean, arch: string, cpuInfo: string): string | undefined {
  if (!hasDevice) return 'there is no /dev/kvm'
  if (arch !== 'x64' || /^flags\b.*\b(vmx|svm)\b/m.test(cpuInfo)) return undefined
  return 'the processor shows neither vmx nor svm'
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}

/**
 * What will run the guest, and why it is not KVM where it is not.
 * @throws KilnError E-TOOL-FAILED where KVM is asked for and does not work
 */
export async function chooseAccelerator(
  wish: AcceleratorWish,
  arch: GuestArchitecture = 'amd64',
): Promise<{ readonly accel: Accelerator; readonly reason?: string }> {
  if (wish === 'tcg') return { accel: 'tcg' }
  // The sector that tries it is code for amd64.
  const verdict: ProbeVerdict =
    arch === 'amd64' ? await probeKvm() : { works: false, reason: `it is not tried for ${arch}` }
  if (verdict.works) return { accel: 'kvm' }
  if (wish === 'auto') return { accel: 'tcg', reason: verdict.reason }
  throw new KilnError('E-TOOL-FAILED', `KVM does not work on this machine: ${verdict.reason}`, {
    hint: 'leave out --accel kvm; emulation is slower, but works everywhere',
  })
}

/** Runs one sector of code under an accelerator; any verdict takes a few seconds at most. */
export async function probeAccelerator(accel: Accelerator): Promise<ProbeVerdict> {
  const folder = temporaryFolder()
  try {
    const file = join(folder.path, 'probe.img')
    await writeFile(file, probeSector())
    return await runSector(accel, file)
  } finally {
    folder.remove()
  }
}

async function runSector(accel: Accelerator, file: string): Promise<ProbeVerdict> {
  const { child, monitor, complaints } = startQemu({
    accel,
    firmware: { kind: 'bios' },
    memoryMiB: 64,
    cpus: 1,
    drives: [{ attach: 'disk', file, format: 'raw', writes: 'discarded' }],
    gui: false,
    noReboot: true,
    debugExit: true,
  })
  monitor.on('error', () => {}).resume()
  child.stdout.resume()
  const takeBack = atProcessEnd(() => child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', resolve)
  })
  const patience = new AbortController()
  try {
    const outcome = await Promise.race([
      ended,
      setTimeout(probeMs, 'hung' as const, { signal: patience.signal, ref: false }),
    ])
    if (outcome === probeExitCode) return { works: true }
    if (outcome === 'hung') return { works: false, reason: `nothing ran within ${probeMs / 1000} s` }
    return { works: false, reason: firstComplaint(complaints()) }
  } finally {
    patience.abort()
    child.kill('SIGKILL')
    await ended
    takeBack()
  }
}

function firstComplaint(complaints: string): string {
  const line = complaints.split('\n').find((candidate) => candidate.trim() !== '')
  return line?.replace(/^qemu-system-\w+: (?:error: )?/, '').trim() ?? 'QEMU ended without a word'
}

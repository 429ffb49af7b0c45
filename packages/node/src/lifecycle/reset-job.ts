import { advanceOperation, finishOperation, labels, type NodeRecord, type Operation } from '@kiln/contract'
import * as z from 'zod/mini'
import { AgentError } from '../agent-error.ts'
import { makeFileSystem } from '../disk/mkfs.ts'
import { runTool } from '../disk/tool.ts'
import { type Host, HostError } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { armGeneration } from './arm.ts'
import { runHookStages } from './hook-stages.ts'
import { changeRecord, loadRecord, type Node } from './node.ts'
import { partitionOf } from './node-disk.ts'
import { withLoader } from './open-loader.ts'
import { type ResetPhase, resetPhases } from './reset-phases.ts'
import { verifySlot } from './slots.ts'

/** What a reset shall do, in the record. */
export const ResetDetail = z.looseObject({
  oem: z.boolean(),
  secureErase: z.boolean(),
  /** Only the system is made anew. */
  keepPersistent: z.optional(z.boolean()),
  reboot: z.boolean(),
  /** Instead of restarting, when it is done. */
  poweroff: z.optional(z.boolean()),
  /** How often the recovery system was asked for. */
  attempts: z.number(),
})
export type ResetDetail = z.infer<typeof ResetDetail>

const mountedOem = '/oem'

/** Tells what is done; for the consoles. */
type Say = (text: string) => void

/**
 * Does a reset, or what is left of it. Runs in recovery, where nothing of COS_PERSISTENT is in use. The caller holds the
 * lifecycle lock.
 * @throws AgentError slot-damaged before anything is erased; DiskToolError
 */
export function runResetJob(node: Node, say: Say): ResetDetail {
  const record = loadRecord(node)
  const { operation, recovery } = record
  if (operation?.kind !== 'reset') throw new Error('there is no reset to do')
  if (!recovery) throw new AgentError('no-recovery', 'The record names none.')
  const detail = resetDetail(operation)
  const payload = verifySlot(node.host, node.disk.state, recovery.slot)
  const phase = (name: ResetPhase, action: () => void) => {
    if (!isDue(loadRecord(node), name)) return
    action()
    changeRecord(node, (before) => advanceOperation(before, nextPhase(name)))
  }
  phase('armed', () => runHookStages(node.host, 'before-reset'))
  phase('persistent', () => {
    if (detail.keepPersistent) return
    say('erasing COS_PERSISTENT')
    recreate(node, 'persistent', detail.secureErase, say)
  })
  phase('oem', () => {
    if (!detail.oem) return
    say('erasing COS_OEM')
    recreateOem(node, detail.secureErase, say)
  })
  say(`making a new generation of ${recovery.image.name} ${recovery.image.version}`)
  const staged = { slot: recovery.slot, payload, source: 'recovery' }
  const fresh = withLoader(node.host, node.disk, 'write', (loader) => armGeneration(node, loader, staged))
  runHookStages(node.host, 'after-reset')
  changeRecord(node, finishOperation)
  say(`generation ${fresh.number} runs from the next start on`)
  return detail
}

export function resetDetail({ detail }: Operation): ResetDetail {
  const read = z.safeParse(ResetDetail, detail)
  return read.success ? read.data : { oem: false, secureErase: false, reboot: true, attempts: 0 }
}

function isDue({ operation }: NodeRecord, name: ResetPhase): boolean {
  const at = resetPhases.indexOf((operation?.phase ?? '') as ResetPhase)
  return at <= resetPhases.indexOf(name)
}

function nextPhase(name: ResetPhase): ResetPhase {
  return resetPhases[resetPhases.indexOf(name) + 1] ?? 'generation'
}

function recreateOem(node: Node, secureErase: boolean, say: Say): void {
  const { host } = node
  const device = partitionOf(node.disk, 'oem')
  const isMounted = mountedAt(host, mountedOem)
  if (isMounted) host.unmount(mountedOem, { lazy: true })
  recreate(node, 'oem', secureErase, say)
  if (isMounted) host.mount({ source: device, target: mountedOem, type: 'ext4' })
}

function recreate(node: Node, role: 'persistent' | 'oem', secureErase: boolean, say: Say): void {
  const { host, disk } = node
  const device = partitionOf(disk, role)
  erase(host, device, secureErase, say)
  const label = role === 'oem' ? labels.oem : labels.persistent
  const partition = {
    number: 0,
    name: role,
    role,
    label,
    fs: 'ext4',
    typeGuid: '',
    start: 0,
    bytes: 0,
  } as const
  makeFileSystem(host, partition, device, 512)
  host.sync()
}

/** blkdiscard(8). Disks without such a command are overwritten where it must be sure. */
function erase(host: Host, device: string, secure: boolean, say: Say): void {
  if (secure) {
    if (succeeds(host, ['blkdiscard', '--force', '--secure', device])) return
    say(`this disk has no command that erases for good: overwriting ${device}`)
    overwriteAll(host, device)
    return
  }
  succeeds(host, ['blkdiscard', '--force', device])
}

function overwriteAll(host: Host, device: string): void {
  const { code, stderr } = host.run([
    'dd',
    'if=/dev/zero',
    `of=${device}`,
    'bs=4M',
    'oflag=direct',
    'status=none',
  ])
  // It ends where the device does, which dd calls an error.
  if (code !== 0 && !/no space left/i.test(stderr)) {
    throw new AgentError('tool-failed', `dd: ${stderr.trim()}`)
  }
  runTool(host, ['sync', device])
}

function succeeds(host: Host, argv: readonly [string, ...string[]]): boolean {
  try {
    return host.run(argv).code === 0
  } catch (error) {
    if (error instanceof HostError) return false
    throw error
  }
}

function mountedAt(host: Host, path: string): boolean {
  return (readIfThere(host, '/proc/self/mounts') ?? '')
    .split('\n')
    .some((line) => line.split(' ')[1] === path)
}

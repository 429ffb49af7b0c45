import type { PartitionRole } from '@kiln/contract'
import { mendFileSystem } from '../disk/fsck.ts'
import { makeFileSystem } from '../disk/mkfs.ts'
import { writePartitions } from '../disk/partitions.ts'
import { DiskToolError } from '../disk/tool.ts'
import { parentOf } from '../host/durable.ts'
import { HostError } from '../host/host.ts'
import { triesOfNew } from '../lifecycle/boot-loader.ts'
import { slotFolder, stageSlot } from '../lifecycle/slots.ts'
import { stageBootFiles } from '../lifecycle/stage-boot-files.ts'
import { installBundles } from './bundles.ts'
import { clearEarlier, requireVacant } from './clear.ts'
import { InstallError } from './error.ts'
import { writeFirstRecord } from './first-record.ts'
import { obeyHooks, runHook } from './hooks.ts'
import { mountPartition, unmountAll } from './mounts.ts'
import type { InstallSession, StepOf } from './session.ts'
import { firstGeneration, type InstallStep, type MountedRole, mountPoints, stepText } from './step.ts'

/** One function for each kind of step; a kind without one does not compile. */
const executors: {
  readonly [K in InstallStep['kind']]: (step: StepOf<K>, session: InstallSession) => void
} = {
  hook: runHook,
  obey: (_step, { host }) => obeyHooks(host),
  partition: ({ layout }, session) => {
    session.numbered = writePartitions(session.host, session.disk, layout)
    session.devices = Object.fromEntries(
      layout.partitions
        .filter(({ role }) => isMountedRole(role))
        .map(({ role, number }) => [role, session.numbered.get(number)]),
    )
  },
  format: ({ partition, sectorBytes }, { host, numbered }) => {
    const device = numbered.get(partition.number)
    if (device === undefined) throw new DiskToolError(`partition ${partition.number} has no device`)
    makeFileSystem(host, partition, device, sectorBytes)
  },
  adopt: ({ devices }, session) => {
    for (const [role, device] of Object.entries(devices)) {
      mendFileSystem(session.host, role === 'efi' ? 'vfat' : 'ext4', device)
    }
    session.devices = devices
  },
  mount: mountPartition,
  vacant: (_step, { host }) => requireVacant(host),
  clear: clearEarlier,
  slot: (_step, { host, source, reporter }) => {
    stageSlot(host, mountPoints.state, source, { inUse: [], progress: reporter.bytes })
  },
  write: ({ file, text, mode }, { host }) => {
    host.mkdir(parentOf(file), { recursive: true })
    host.writeAtomic(file, text, { mode })
  },
  bundles: installBundles,
  bootFiles: (_step, { host, source, openLoader, reporter }) => {
    stageBootFiles(host, source, (_access, action) => action(openLoader(undefined)), {
      progress: reporter.bytes,
    })
  },
  recovery: ({ slot, title, cmdline }, { openLoader }) => {
    openLoader(undefined).setRecovery({ slot, title, cmdline })
  },
  arm: ({ slot, title, cmdline }, { openLoader }) => {
    openLoader(undefined).arm({ generation: firstGeneration, slot, title, cmdline }, triesOfNew)
  },
  record: writeFirstRecord,
  flush: (_step, { host }) => host.sync(),
  loader: ({ bios }, { host, payload, openLoader }) => {
    const folder = slotFolder(mountPoints.state, payload.root.rootHash)
    openLoader(bios).update({ folder, card: payload.bootLoader })
    host.sync()
  },
  unmount: (_step, session) => unmountAll(session),
}

function isMountedRole(role: PartitionRole): role is MountedRole {
  return role in mountPoints
}

/** Does the steps in order. @throws InstallError, SourceError, AgentError on the first one that fails */
export function execute(steps: readonly InstallStep[], session: InstallSession): void {
  try {
    for (const [index, step] of steps.entries()) {
      session.reporter.step(index, step)
      perform(step, session)
    }
  } finally {
    unmountAll(session)
  }
}

function perform<K extends InstallStep['kind']>(step: StepOf<K>, session: InstallSession): void {
  try {
    const executor = executors[step.kind] as (step: StepOf<K>, session: InstallSession) => void
    executor(step, session)
  } catch (error) {
    if (!(error instanceof HostError || error instanceof DiskToolError)) throw error
    throw new InstallError('disk-failed', `${stepText(step)}: ${error.message}.`, error)
  }
}

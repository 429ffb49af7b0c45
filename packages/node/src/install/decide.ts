import type { Disk, Partition } from '../disk/devices.ts'
import { signaturesOn } from '../disk/wipefs.ts'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { adoptPartitions, type PartitionPlace } from './adopt.ts'
import { type ChosenDisk, chooseDisk, type DiskWish } from './choose-disk.ts'
import { contentsOf } from './contents.ts'
import { InstallError } from './error.ts'
import { type InstallFacts, labelWarnings, wishForAdopting } from './gather.ts'
import { layoutOf } from './layout.ts'
import { type InstallRequest, planInstall } from './plan.ts'
import type { InstallStep } from './step.ts'

/** A disk, and what is going to be done to it. */
export interface InstallDecision {
  readonly chosen: ChosenDisk
  readonly target: InstallRequest['target']
  /** What is lost; empty where the disk is empty or is not erased. */
  readonly erases: readonly string[]
  readonly steps: readonly InstallStep[]
  readonly warnings: readonly string[]
}

/** Chooses the disk and plans. Writes nothing. @throws InstallError, DiskToolError */
export function decide(host: Host, facts: InstallFacts, wish: DiskWish): InstallDecision {
  const { settings, payload, firmware, configs, noUsers, disks, needs } = facts
  const chosen = chooseDisk(disks, settings.noFormat ? wishForAdopting(disks, wish) : wish, needs)
  const { disk } = chosen
  const target: InstallRequest['target'] = settings.noFormat
    ? {
        kind: 'adopted',
        adopted: adoptPartitions(disk, payload, firmware, (part) => placeOf(host, disk, part)),
      }
    : { kind: 'whole-disk', layout: layoutOf(facts.layout, disk) }
  const planned = planInstall({ settings, payload, firmware, configs, noUsers, target })
  return {
    chosen,
    target,
    erases: settings.noFormat ? [] : contentsOf(disk, signaturesOn(host, disk.path)),
    steps: planned.steps,
    warnings: [...facts.warnings, ...planned.warnings, ...labelWarnings(facts, chosen)],
  }
}

/**
 * Nothing is erased that nobody agreed to lose.
 * @param consent by `--yes-erase`, by typing the name of the disk, or by install.auto for the disk that the same file chose
 * @throws InstallError needs-consent
 */
export function requireConsent({ erases, chosen }: InstallDecision, consent: boolean): void {
  if (consent || erases.length === 0) return
  throw new InstallError('needs-consent', `${chosen.disk.path} has ${erases.join('; ')}.`)
}

function placeOf(host: Host, disk: Disk, partition: Partition): PartitionPlace {
  const fact = (file: string) =>
    Number(readIfThere(host, `/sys/class/block/${disk.name}/${partition.name}/${file}`) ?? Number.NaN)
  return { number: fact('partition'), start: fact('start'), sectors: fact('size') }
}

import { arm, emptyRecord, setRecovery } from '@kiln/contract'
import { imageOf } from '../lifecycle/arm.ts'
import { timestamp } from '../lifecycle/node.ts'
import { writeRecord } from '../lifecycle/record-file.ts'
import type { InstallSession, StepOf } from './session.ts'
import { mountPoints } from './step.ts'

/** The record of a new system: generation 1 is to be tried, and recovery is the same slot. */
export function writeFirstRecord({ slot, keep }: StepOf<'record'>, session: InstallSession): void {
  const { host, payload, source } = session
  const system = {
    slot,
    image: imageOf(payload),
    source: source.reference,
    made: timestamp(host),
  }
  writeRecord(host, mountPoints.state, setRecovery(arm(emptyRecord(keep), system), system))
}

/** Power cuts: records what a machine writes, and finds out what becomes of its disk wherever the power fails. */
export { type BootCutOptions, type BootedCut, bootCut } from './boot-cut.ts'
export { type CheckOptions, checkEveryCut, writeCut } from './check.ts'
export type { Cut } from './cuts.ts'
export { type Life, makeSupplies, recordLife, type Supplies } from './life.ts'
export { checkOperation, type Operation, operations } from './operations.ts'
export { type Recording, type RecordOptions, recordWrites } from './record.ts'
export {
  type CheckedCut,
  chooseCuts,
  describeFailure,
  markdownTable,
  type Outcome,
  type Report,
} from './report.ts'
export type { BootVerdict } from './verdict.ts'

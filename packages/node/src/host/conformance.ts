import type { ConformanceCase } from './conformance-case.ts'
import { fileCases } from './conformance-files.ts'
import { systemCases } from './conformance-system.ts'

/**
 * What every host must do, as cases. Run against Node in the unit tests and against QuickJS by `conformance.quickjs.ts`.
 */
export const conformanceCases: readonly ConformanceCase[] = [...fileCases, ...systemCases]

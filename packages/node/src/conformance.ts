import { cloudConfigCases } from './cloud-config/conformance/cases.ts'
import { configCases } from './cloud-config/conformance/config.ts'
import { conformanceCases as hostCases } from './host/conformance.ts'
import type { ConformanceCase } from './host/conformance-case.ts'

/** All that has to hold on Node.js and on QuickJS alike. */
export const allCases: readonly ConformanceCase[] = [...hostCases, ...configCases, ...cloudConfigCases]

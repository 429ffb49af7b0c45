import { type ConformanceCase, equal } from '../../host/conformance-case.ts'
import { renderTemplate, TemplateError } from '../template/index.ts'
import { accountCases } from './account-cases.ts'
import { cloudInitCases } from './cloud-init-cases.ts'
import { engineCases } from './engine-cases.ts'
import { moduleCases } from './module-cases.ts'
import { packageCases } from './package-cases.ts'
import { stageCase } from './stage-case.ts'
import { refused, rendered, templateData, templateHost } from './template-cases.ts'

/** What the engine of cloud-configs must do on every host. Run against Node in the unit tests, and on QuickJS. */
export const cloudConfigCases: readonly ConformanceCase[] = [
  ...rendered.map(([template, expected]) => ({
    name: `template ${JSON.stringify(template)}`,
    run: () => equal(renderTemplate(template, templateData, templateHost), expected),
  })),
  ...refused.map(([template, expected]) => ({
    name: `template ${JSON.stringify(template)} is refused`,
    run: () => equal(refusal(template), expected),
  })),
  ...[...engineCases, ...cloudInitCases, ...moduleCases, ...accountCases, ...packageCases].map(stageCase),
]

function refusal(template: string): string {
  try {
    return renderTemplate(template, templateData, templateHost)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return `${error.place?.line}:${error.place?.column} ${error.message}`
  }
}

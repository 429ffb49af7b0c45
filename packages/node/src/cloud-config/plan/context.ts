import type { Operation } from '../operations/operation.ts'
import { renderTemplate, type TemplateData, TemplateError } from '../template/index.ts'
import { type StageFacts, templateData } from './facts.ts'

/** What a module may use to plan what it does. */
export interface PlanContext {
  readonly facts: StageFacts
  readonly warn: (text: string) => void
}

/**
 * Fills in templates, and then plans with the texts. A text that cannot be filled in becomes an operation that says so: it
 * must not stand in for what was meant.
 * @param what names the text for messages
 */
export function withText(
  context: PlanContext,
  what: string,
  text: string,
  plan: (text: string) => Operation | readonly Operation[],
  data?: TemplateData,
): readonly Operation[] {
  try {
    const rendered = text.includes('{{')
      ? renderTemplate(text, data ?? templateData(context.facts), context.facts.templates)
      : text
    return [plan(rendered)].flat()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const place = error.place ? ` (line ${error.place.line}, column ${error.place.column})` : ''
    return [{ kind: 'impossible', message: `${what}: template: ${error.message}${place}` }]
  }
}

import type { Nodes, Operand, Pipeline, Template } from './ast.ts'
import { TemplateError } from './error.ts'
import { isFunction } from './functions.ts'
import type { TemplateHost } from './host.ts'
import { parseTemplate } from './parse.ts'
import { renderNodes } from './render.ts'
import type { Value } from './values.ts'

export { TemplateError } from './error.ts'
export type { TemplateHost } from './host.ts'
export type { Value } from './values.ts'

/** The data of a template: its names stand behind the first dot, `.Values` above all. */
export type TemplateData = Readonly<Record<string, Value>>

/**
 * Fills in a template of the field: Go's text/template with functions of sprig. Braces of other programs stay as they are:
 * a text is a template if it uses one of the names of `data`, or if all that it uses is known.
 * @throws TemplateError with its place in the text
 */
export function renderTemplate(text: string, data: TemplateData, host: TemplateHost): string {
  if (!text.includes('{{')) return text
  const template = readTemplate(text, data)
  if (!template) return text
  try {
    return renderNodes(template, data as Value, host)
  } catch (error) {
    throw error instanceof TemplateError ? error.in(text) : error
  }
}

function readTemplate(text: string, data: TemplateData): Template | undefined {
  const isMeant = asksFor(text, Object.keys(data))
  try {
    const template = parseTemplate(text)
    return isMeant || knowsAll(template, data) ? template : undefined
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    if (isMeant) throw error.in(text)
    return undefined
  }
}

function asksFor(text: string, names: readonly string[]): boolean {
  return new RegExp(`\\{\\{[^}]*[.](${names.join('|')})\\b`).test(text)
}

/** All functions are there, and the only names used of the data are ones that it has. */
function knowsAll({ nodes, defined }: Template, data: TemplateData): boolean {
  const names = Object.keys(data)
  return knowsNodes(nodes, names) && [...defined.values()].every((list) => knowsNodes(list, undefined))
}

/** @param names behind the dot; undefined where it is something that was looked at further out */
type Names = readonly string[] | undefined

function knowsNodes(nodes: Nodes, names: Names): boolean {
  return nodes.every((node) => {
    switch (node.kind) {
      case 'output':
      case 'assign':
        return knowsPipeline(node.pipeline, names)
      case 'if':
      case 'with':
      case 'range': {
        const inner = node.kind === 'if' ? names : undefined
        const { pipeline, body, otherwise } = node
        return knowsPipeline(pipeline, names) && knowsNodes(body, inner) && knowsNodes(otherwise, names)
      }
      case 'template':
        return node.pipeline === undefined || knowsPipeline(node.pipeline, names)
      default:
        return true
    }
  })
}

function knowsPipeline({ commands }: Pipeline, names: Names): boolean {
  return commands.every(({ operands }) => operands.every((operand) => knowsOperand(operand, names)))
}

function knowsOperand(operand: Operand, names: Names): boolean {
  if (operand.kind === 'value') return true
  if (operand.kind === 'function') return isFunction(operand.name)
  const { base, fields } = operand
  if (base.kind === 'nested') return knowsPipeline(base.pipeline, names)
  // A variable stands for something that was looked at where it was set.
  if (base.kind === 'variable' || names === undefined) return true
  return fields[0] !== undefined && names.includes(fields[0])
}

import { suggest } from '@kiln/contract'
import type { Command, Node, Nodes, Operand, Pipeline, Template } from './ast.ts'
import { TemplateError } from './error.ts'
import { type Call, findFunction, lazyFunctions } from './functions.ts'
import type { TemplateHost } from './host.ts'
import {
  type Dict,
  entry,
  isDict,
  isList,
  isNothing,
  isTrue,
  keysOf,
  kindOf,
  textOf,
  type Value,
  ValueError,
} from './values.ts'

/** A template of a configuration is small; one that runs wild must not take the node with it. */
const mostCharacters = 4 * 1024 * 1024
const mostActions = 200_000
const deepestTemplate = 64

interface Scope {
  readonly template: Template
  readonly host: TemplateHost
  readonly variables: Map<string, Value>[]
  readonly out: { text: string; actions: number }
  readonly depth: number
}
type Flow = 'on' | 'break' | 'continue'

/** @throws TemplateError */
export function renderNodes(template: Template, data: Value, host: TemplateHost): string {
  const out = { text: '', actions: 0 }
  run(template.nodes, data, { template, host, variables: [new Map([['$', data]])], out, depth: 0 })
  return out.text
}

function run(nodes: Nodes, dot: Value, outer: Scope): Flow {
  const scope = { ...outer, variables: [...outer.variables, new Map<string, Value>()] }
  for (const node of nodes) {
    const flow = runNode(node, dot, scope)
    if (flow !== 'on') return flow
  }
  return 'on'
}

function runNode(node: Node, dot: Value, scope: Scope): Flow {
  switch (node.kind) {
    case 'text':
      write(scope, node.text, 0)
      return 'on'
    case 'output': {
      const value = evaluate(node.pipeline, dot, scope)
      if (isNothing(value)) throw new TemplateError(missing(node.pipeline, dot, scope), node.pipeline.at)
      write(scope, textOf(value), node.at)
      return 'on'
    }
    case 'assign':
      bind(node.pipeline, [evaluate(node.pipeline, dot, scope)], scope)
      return 'on'
    case 'if':
    case 'with': {
      const inner = { ...scope, variables: [...scope.variables, new Map<string, Value>()] }
      const value = evaluate(node.pipeline, dot, inner)
      bind(node.pipeline, [value], inner)
      if (!isTrue(value)) return run(node.otherwise, dot, inner)
      return run(node.body, node.kind === 'with' ? value : dot, inner)
    }
    case 'range':
      return runRange(node, dot, scope)
    case 'template':
      return runDefined(node, dot, scope)
    default:
      return node.kind
  }
}

function runRange(node: Extract<Node, { kind: 'range' }>, dot: Value, scope: Scope): Flow {
  const items = itemsOf(evaluate(node.pipeline, dot, scope), node.pipeline.at)
  if (items.length === 0) return run(node.otherwise, dot, scope)
  for (const [key, value] of items) {
    count(scope, node.pipeline.at)
    const inner = { ...scope, variables: [...scope.variables, new Map<string, Value>()] }
    bind(node.pipeline, node.pipeline.variables.length > 1 ? [key, value] : [value], inner)
    if (run(node.body, value, inner) === 'break') break
  }
  return 'on'
}

function itemsOf(value: Value, at: number): (readonly [key: Value, value: Value])[] {
  if (isNothing(value)) return []
  if (isList(value)) return value.map((item, index) => [index, item] as const)
  if (isDict(value)) return keysOf(value).map((key) => [key, value[key]] as const)
  if (typeof value === 'number' && Number.isInteger(value) && value <= mostActions) {
    return Array.from({ length: Math.max(value, 0) }, (_, index) => [index, index] as const)
  }
  throw new TemplateError(`range needs a list, a map or a number, not a ${kindOf(value)}`, at)
}

function runDefined(node: Extract<Node, { kind: 'template' }>, dot: Value, scope: Scope): Flow {
  const nodes = scope.template.defined.get(node.name)
  if (!nodes) throw new TemplateError(`there is no template "${node.name}"`, node.at)
  if (scope.depth >= deepestTemplate)
    throw new TemplateError(`template "${node.name}" calls itself too often`, node.at)
  const data = node.pipeline ? evaluate(node.pipeline, dot, scope) : undefined
  run(nodes, data, { ...scope, variables: [new Map([['$', data]])], depth: scope.depth + 1 })
  return 'on'
}

function bind({ variables, declares, at }: Pipeline, values: readonly Value[], scope: Scope): void {
  for (const [index, name] of variables.entries()) {
    const holder = declares
      ? scope.variables.at(-1)
      : scope.variables.findLast((candidate) => candidate.has(name))
    if (!holder) throw new TemplateError(`there is no variable ${name}`, at)
    holder.set(name, values[index])
  }
}

function evaluate(pipeline: Pipeline, dot: Value, scope: Scope): Value {
  count(scope, pipeline.at)
  let result: { readonly value: Value } | undefined
  for (const command of pipeline.commands) {
    result = { value: runCommand(command, dot, scope, result ? [result.value] : []) }
  }
  return result?.value
}

function runCommand({ operands, at }: Command, dot: Value, scope: Scope, piped: readonly Value[]): Value {
  const [first, ...rest] = operands
  if (first?.kind === 'function') return callFunction(first, rest, dot, scope, piped)
  if (rest.length > 0 || piped.length > 0)
    throw new TemplateError('what is not a function takes no arguments', at)
  return first ? operandValue(first, dot, scope) : undefined
}

function callFunction(
  { name, at }: Extract<Operand, { kind: 'function' }>,
  operands: readonly Operand[],
  dot: Value,
  scope: Scope,
  piped: readonly Value[],
): Value {
  const lazy = Object.hasOwn(lazyFunctions, name) ? lazyFunctions[name] : undefined
  const thunks = [
    ...operands.map((operand) => () => operandValue(operand, dot, scope)),
    ...piped.map((value) => () => value),
  ]
  try {
    if (lazy) return lazy(thunks)
    const call: Call = findFunction(name)
    return call(
      thunks.map((thunk) => thunk()),
      scope.host,
    )
  } catch (error) {
    if (error instanceof ValueError) throw new TemplateError(`${name}: ${error.message}`, at)
    throw error
  }
}

function operandValue(operand: Operand, dot: Value, scope: Scope): Value {
  if (operand.kind === 'value') return operand.value
  if (operand.kind === 'function') return callFunction(operand, [], dot, scope, [])
  const { base, fields, at } = operand
  let value: Value
  if (base.kind === 'dot') value = dot
  else if (base.kind === 'nested') value = evaluate(base.pipeline, dot, scope)
  else {
    const holder = scope.variables.findLast((candidate) => candidate.has(base.name))
    if (!holder) throw new TemplateError(`there is no variable ${base.name}`, at)
    value = holder.get(base.name)
  }
  return fields.reduce((from, field) => fieldOf(from, field, at), value)
}

/** What is not there has no fields, either: that is an error only where it is printed or needed. */
function fieldOf(value: Value, field: string, at: number): Value {
  if (isNothing(value)) return undefined
  if (isDict(value)) return entry(value as Dict, field)
  throw new TemplateError(`.${field} cannot be taken of a ${kindOf(value)}`, at)
}

/** What to say of a value that is not there: where its path ends, and what was probably meant. */
function missing({ commands }: Pipeline, dot: Value, scope: Scope): string {
  const operand =
    commands.length === 1 && commands[0]?.operands.length === 1 ? commands[0].operands[0] : undefined
  if (operand?.kind !== 'path' || operand.base.kind === 'nested') return 'this has no value'
  const { base, fields } = operand
  const name = `${base.kind === 'variable' ? base.name : ''}.${fields.join('.')}`
  let value: Value = base.kind === 'dot' ? dot : operandValue({ ...operand, fields: [] }, dot, scope)
  let meant: string | undefined
  for (const field of fields) {
    if (!isDict(value) || !Object.hasOwn(value, field)) {
      meant = isDict(value) ? suggest(field, Object.keys(value)) : undefined
      break
    }
    value = entry(value, field)
  }
  return `${name} has no value${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

function write(scope: Scope, text: string, at: number): void {
  scope.out.text += text
  if (scope.out.text.length > mostCharacters) throw new TemplateError('the result is larger than 4 MiB', at)
}

function count(scope: Scope, at: number): void {
  if (++scope.out.actions > mostActions) throw new TemplateError('the template does not come to an end', at)
}

import type { Command, Node, Nodes, Operand, PathBase, Pipeline, Template } from './ast.ts'
import { TemplateError } from './error.ts'
import { type Piece, piecesOf, type Token } from './tokens.ts'

const deepest = 64

/** Reads a template of Go's text/template. Which functions there are is asked later. @throws TemplateError */
export function parseTemplate(text: string): Template {
  const reader = { pieces: piecesOf(text), next: 0, defined: new Map<string, Nodes>(), depth: 0 }
  const { nodes, ending } = readNodes(reader, [])
  if (ending) throw new TemplateError(`{{${ending.word}}} closes nothing`, ending.at)
  return { nodes, defined: reader.defined }
}

interface Reader {
  readonly pieces: readonly Piece[]
  next: number
  readonly defined: Map<string, Nodes>
  depth: number
}

interface Ending {
  readonly word: 'end' | 'else'
  readonly tokens: readonly Token[]
  readonly at: number
}

/** Nodes up to `{{end}}` or `{{else …}}`, which are read, too. */
function readNodes(reader: Reader, loops: readonly string[]): { nodes: Node[]; ending: Ending | undefined } {
  const nodes: Node[] = []
  for (;;) {
    const piece = reader.pieces[reader.next++]
    if (!piece) return { nodes, ending: undefined }
    if (piece.kind === 'text') {
      nodes.push({ kind: 'text', text: piece.text })
      continue
    }
    const [first, ...rest] = piece.tokens
    const word = first?.kind === 'word' ? first.value : undefined
    if (word === 'end' || word === 'else') return { nodes, ending: { word, tokens: rest, at: piece.at } }
    nodes.push(...readAction(reader, piece.tokens, piece.at, loops))
  }
}

function readAction(reader: Reader, tokens: readonly Token[], at: number, loops: readonly string[]): Node[] {
  const [first, ...rest] = tokens
  if (!first) throw new TemplateError('an action is empty', at)
  const word = first.kind === 'word' ? first.value : undefined
  switch (word) {
    case 'if':
    case 'with':
    case 'range':
      return [readBlock(reader, word, rest, at, loops)]
    case 'define':
    case 'block':
      return readDefinition(reader, word, rest, at)
    case 'template': {
      const [name, ...argument] = rest
      if (name?.kind !== 'string') throw new TemplateError('template needs a name in quotes', at)
      const pipeline = argument.length === 0 ? undefined : readPipeline(argument, at)
      return [{ kind: 'template', name: name.value, pipeline, at }]
    }
    case 'break':
    case 'continue':
      if (rest.length > 0) throw new TemplateError(`${word} stands alone`, at)
      if (!loops.includes('range')) throw new TemplateError(`${word} stands outside of range`, at)
      return [{ kind: word, at }]
    default: {
      const pipeline = readPipeline(tokens, at)
      return [{ kind: pipeline.variables.length > 0 ? 'assign' : 'output', pipeline, at }]
    }
  }
}

function readBlock(
  reader: Reader,
  kind: 'if' | 'with' | 'range',
  tokens: readonly Token[],
  at: number,
  loops: readonly string[],
): Node {
  const pipeline = readPipeline(tokens, at, kind === 'range' ? 2 : 1)
  const { body, ending } = nested(reader, at, () => {
    const { nodes, ending: end } = readNodes(reader, [...loops, kind])
    return { body: nodes, ending: end }
  })
  return { kind, pipeline, body, otherwise: readElse(reader, kind, ending, at, loops) }
}

function readElse(
  reader: Reader,
  kind: string,
  ending: Ending | undefined,
  at: number,
  loops: readonly string[],
): Nodes {
  if (!ending) throw new TemplateError(`{{${kind}}} is not closed with {{end}}`, at)
  if (ending.word === 'end') {
    if (ending.tokens.length > 0) throw new TemplateError('end stands alone', ending.at)
    return []
  }
  const [again, ...rest] = ending.tokens
  if (again) {
    const other = again.kind === 'word' ? again.value : ''
    if ((other !== 'if' && other !== 'with') || kind === 'range') {
      throw new TemplateError('after else comes if, with or nothing', ending.at)
    }
    return [nested(reader, at, () => readBlock(reader, other, rest, ending.at, loops))]
  }
  const { nodes, ending: end } = readNodes(reader, loops)
  if (end?.word !== 'end') throw new TemplateError(`{{${kind}}} is not closed with {{end}}`, at)
  return nodes
}

function readDefinition(reader: Reader, word: string, tokens: readonly Token[], at: number): Node[] {
  const [name, ...argument] = tokens
  if (name?.kind !== 'string') throw new TemplateError(`${word} needs a name in quotes`, at)
  const { nodes, ending } = nested(reader, at, () => readNodes(reader, []))
  if (ending?.word !== 'end') throw new TemplateError(`{{${word}}} is not closed with {{end}}`, at)
  if (!reader.defined.has(name.value)) reader.defined.set(name.value, nodes)
  if (word === 'define') return []
  return [{ kind: 'template', name: name.value, pipeline: readPipeline(argument, at), at }]
}

/** A stack that is too deep would end the program, not the template. */
function nested<T>(reader: Reader, at: number, body: () => T): T {
  if (++reader.depth > deepest) throw new TemplateError(`actions are nested more than ${deepest} deep`, at)
  try {
    return body()
  } finally {
    reader.depth--
  }
}

function readPipeline(tokens: readonly Token[], at: number, most = 1, depth = 0): Pipeline {
  const { variables, declares, rest } = readVariables(tokens, most)
  const commands: Command[] = []
  let open = 0
  let current: Token[] = []
  const flush = () => {
    commands.push(readCommand(current, current[0]?.at ?? rest.at(-1)?.at ?? at, depth))
    current = []
  }
  for (const token of rest) {
    if (isSign(token, '(')) open++
    if (isSign(token, ')')) open--
    if (open === 0 && isSign(token, '|')) flush()
    else current.push(token)
  }
  flush()
  return { variables, declares, commands, at: rest[0]?.at ?? at }
}

function readVariables(tokens: readonly Token[], most: number) {
  const names: string[] = []
  for (let index = 0; index < tokens.length && names.length < most; index += 2) {
    const [name, sign] = [tokens[index], tokens[index + 1]]
    if (name?.kind !== 'variable' || sign?.kind !== 'sign') break
    names.push(name.value)
    if (sign.value === ':=' || sign.value === '=') {
      return { variables: names, declares: sign.value === ':=', rest: tokens.slice(index + 2) }
    }
    if (sign.value !== ',') break
  }
  return { variables: [], declares: false, rest: tokens }
}

function readCommand(tokens: readonly Token[], at: number, depth: number): Command {
  if (tokens.length === 0) throw new TemplateError('a value is missing', at)
  const operands: Operand[] = []
  for (let index = 0; index < tokens.length; ) {
    const { operand, next } = readOperand(tokens, index, depth)
    operands.push(operand)
    index = next
  }
  return { operands, at }
}

function readOperand(tokens: readonly Token[], start: number, depth: number) {
  const token = tokens[start] as Token
  const { at } = token
  if (token.kind === 'string' || token.kind === 'number') {
    return { operand: { kind: 'value', value: token.value, at } as const, next: start + 1 }
  }
  if (token.kind === 'word') {
    const constants: Readonly<Record<string, boolean | undefined>> = {
      true: true,
      false: false,
      nil: undefined,
    }
    const operand: Operand = Object.hasOwn(constants, token.value)
      ? { kind: 'value', value: constants[token.value], at }
      : { kind: 'function', name: token.value, at }
    return { operand, next: start + 1 }
  }
  const { base, first, next } = readBase(tokens, start, depth)
  const fields = [...first]
  let end = next
  // Fields that stand close to what is before them are its fields; after a blank, the next argument begins.
  for (let more = tokens[end]; more?.kind === 'field' && !more.spaced; more = tokens[end]) {
    if (more.value === '') throw new TemplateError('a name is missing after .', more.at)
    fields.push(more.value)
    end++
  }
  return { operand: { kind: 'path', base, fields, at } as const, next: end }
}

function readBase(
  tokens: readonly Token[],
  start: number,
  depth: number,
): { base: PathBase; first: string[]; next: number } {
  const token = tokens[start] as Token
  if (token.kind === 'variable')
    return { base: { kind: 'variable', name: token.value }, first: [], next: start + 1 }
  if (token.kind === 'field') {
    return { base: { kind: 'dot' }, first: token.value === '' ? [] : [token.value], next: start + 1 }
  }
  if (!isSign(token, '(')) throw new TemplateError(`"${token.value}" has no meaning here`, token.at)
  if (depth >= deepest) throw new TemplateError(`parentheses are nested more than ${deepest} deep`, token.at)
  const end = closing(tokens, start)
  const pipeline = readPipeline(tokens.slice(start + 1, end), token.at, 0, depth + 1)
  return { base: { kind: 'nested', pipeline }, first: [], next: end + 1 }
}

function closing(tokens: readonly Token[], start: number): number {
  let open = 0
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index] as Token
    if (isSign(token, '(')) open++
    if (isSign(token, ')') && --open === 0) return index
  }
  throw new TemplateError('a parenthesis is not closed', tokens[start]?.at ?? 0)
}

function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.value === sign
}

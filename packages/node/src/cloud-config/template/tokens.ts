import { TemplateError } from './error.ts'

/** The words of one action, between `{{` and `}}`. Offsets count from the start of the whole text. */
export type Token =
  | { readonly kind: 'string'; readonly value: string; readonly at: number; readonly spaced: boolean }
  | { readonly kind: 'number'; readonly value: number; readonly at: number; readonly spaced: boolean }
  /** `.name`; a lone `.` has an empty name. */
  | { readonly kind: 'field'; readonly value: string; readonly at: number; readonly spaced: boolean }
  /** `$name`; the whole data is `$`. */
  | { readonly kind: 'variable'; readonly value: string; readonly at: number; readonly spaced: boolean }
  | { readonly kind: 'word'; readonly value: string; readonly at: number; readonly spaced: boolean }
  | { readonly kind: 'sign'; readonly value: Sign; readonly at: number; readonly spaced: boolean }
export type Sign = '(' | ')' | '|' | ',' | ':=' | '='

/** A piece of a template: plain text, or the words of an action. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly at: number }

const open = '{{'
const close = '}}'

/** Cuts a template into text and actions; blanks beside `{{-` and `-}}` are gone. @throws TemplateError */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trimNext = false
  for (;;) {
    const start = text.indexOf(open, at)
    const end = start < 0 ? text.length : start
    const trimmed = /^\{\{-\s/.test(text.slice(start, start + 4)) && start >= 0
    pieces.push({ kind: 'text', text: plain(text.slice(at, end), trimNext, trimmed) })
    if (start < 0) return pieces.filter((piece) => piece.kind === 'action' || piece.text !== '')
    const body = start + (trimmed ? 3 : 2)
    const comment = text.slice(body).match(/^\s*\/\*/)
    const action = comment
      ? skipComment(text, start, body + comment[0].length)
      : readAction(text, start, body)
    if (action.tokens) pieces.push({ kind: 'action', tokens: action.tokens, at: start })
    trimNext = action.trim
    at = action.end
  }
}

function plain(text: string, trimStart: boolean, trimEnd: boolean): string {
  const left = trimStart ? text.trimStart() : text
  return trimEnd ? left.trimEnd() : left
}

interface Action {
  readonly tokens?: readonly Token[]
  /** Behind `}}`. */
  readonly end: number
  /** Blanks after it go. */
  readonly trim: boolean
}

function skipComment(text: string, start: number, body: number): Action {
  const end = text.indexOf('*/', body)
  const [closing] = end < 0 ? [] : (text.slice(end + 2).match(/^\s*-?\}\}/) ?? [])
  if (closing === undefined) throw new TemplateError('a comment does not end with */}}', start)
  return { end: end + 2 + closing.length, trim: closing.includes('-') }
}

const numberPattern =
  /[+-]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+(?![.\d])|\d[\d_]*(\.\d+)?([eE][+-]?\d+)?|\.\d+)/y
const wordPattern = /[\p{L}_][\p{L}\p{N}_]*/uy
const fieldPattern = /\.[\p{L}_][\p{L}\p{N}_]*|\./uy
const variablePattern = /\$[\p{L}\p{N}_]*/uy
const blankPattern = /\s+/y

function readAction(text: string, start: number, body: number): Action {
  const tokens: Token[] = []
  let at = body
  let spaced = true
  for (;;) {
    const blank = match(blankPattern, text, at)
    if (blank) {
      at += blank.length
      spaced = true
    }
    if (text.startsWith(close, at)) return { tokens, end: at + 2, trim: false }
    if (text.startsWith('-}}', at) && spaced) return { tokens, end: at + 3, trim: true }
    if (at >= text.length) throw new TemplateError('an action does not end with }}', start)
    const [token, length] = readToken(text, at, spaced)
    tokens.push(token)
    at += length
    spaced = false
  }
}

function readToken(text: string, at: number, spaced: boolean): [token: Token, length: number] {
  const char = text[at] ?? ''
  const signs: readonly Sign[] = [':=', '(', ')', '|', ',', '=']
  const sign = signs.find((candidate) => text.startsWith(candidate, at))
  if (sign) return [{ kind: 'sign', value: sign, at, spaced }, sign.length]
  if (char === '"') return quoted(text, at, spaced)
  if (char === '`') return raw(text, at, spaced)
  if (char === "'") return character(text, at, spaced)
  const number = match(numberPattern, text, at)
  if (number) return [{ kind: 'number', value: numberOf(number, at), at, spaced }, number.length]
  const variable = match(variablePattern, text, at)
  if (variable) return [{ kind: 'variable', value: variable, at, spaced }, variable.length]
  const field = match(fieldPattern, text, at)
  if (field) return [{ kind: 'field', value: field.slice(1), at, spaced }, field.length]
  const word = match(wordPattern, text, at)
  if (word) return [{ kind: 'word', value: word, at, spaced }, word.length]
  throw new TemplateError(`"${char}" has no meaning here`, at)
}

function numberOf(text: string, at: number): number {
  const digits = text.replaceAll('_', '').replace(/^([+-]?)0(?=[0-7]+$)/, '$10o')
  const [, sign = '', rest = digits] = digits.match(/^([+-])(.*)$/) ?? []
  const value = Number(rest)
  if (Number.isNaN(value)) throw new TemplateError(`"${text}" is not a number`, at)
  return sign === '-' ? -value : value
}

function quoted(text: string, at: number, spaced: boolean): [Token, number] {
  const source = match(/"(?:[^"\\\n]|\\.)*"/y, text, at)
  if (source === undefined) throw new TemplateError('a text does not end with "', at)
  return [{ kind: 'string', value: unescaped(source.slice(1, -1), at), at, spaced }, source.length]
}

function raw(text: string, at: number, spaced: boolean): [Token, number] {
  const source = match(/`[^`]*`/y, text, at)
  if (source === undefined) throw new TemplateError('a text does not end with `', at)
  return [{ kind: 'string', value: source.slice(1, -1), at, spaced }, source.length]
}

function character(text: string, at: number, spaced: boolean): [Token, number] {
  const source = match(/'(?:[^'\\\n]|\\.)+'/y, text, at)
  const value = source === undefined ? undefined : unescaped(source.slice(1, -1), at)
  if (source === undefined || value === undefined || [...value].length !== 1) {
    throw new TemplateError('a text stands in " or `', at)
  }
  return [{ kind: 'number', value: value.codePointAt(0) ?? 0, at, spaced }, source.length]
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

function unescaped(text: string, at: number): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/gs, (_, letter: string) => {
    const digits = /^[xuU](?=[0-9a-fA-F])/.test(letter) ? Number.parseInt(letter.slice(1), 16) : undefined
    if (digits !== undefined && letter.length > 1 && digits <= 0x10ffff) return String.fromCodePoint(digits)
    const plainChar = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
    if (plainChar === undefined) throw new TemplateError(`\\${letter} is not an escape`, at)
    return plainChar
  })
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  const found = pattern.exec(text)?.[0]
  return found === '' ? undefined : found
}

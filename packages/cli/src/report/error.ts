import { type Finding, formatPlace, isKilnError, KilnError, type Place } from '@kiln/contract'
import { redactData, redactText } from '@kiln/factory/run/redact'
import { plainText } from './format.ts'
import type { Paint } from './tree.ts'

export interface ErrorOptions {
  readonly paint: Paint
  /** The text of a file that a place names, or undefined. */
  readonly readSource: (file: string) => string | undefined
}

const shownOutputLines = 12
const shownCauses = 4

/** Everything that is thrown, as the one error type: what Kiln did not expect is a defect of Kiln. */
export function asKilnError(error: unknown): KilnError {
  if (isKilnError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new KilnError('E-BUG', message || 'something failed without saying why', {
    cause: error,
    hint: 'this is a defect in Kiln; please report it with the lines above and what kiln support-bundle writes',
  })
}

/** An error for people: each finding with its place and the line it is about, then what was behind it. */
export function errorLines(error: KilnError, options: ErrorOptions): string[] {
  const findings = error.findings.length > 0 ? error.findings : [asFinding(error)]
  return [
    ...findings.flatMap((finding) => findingLines(finding, options)),
    ...causeLines(error),
    ...outputLines(error, options.paint),
    ...(error.code === 'E-BUG' ? stackLines(error) : []),
    ...(findings.length > 1 ? [`${findings.length} errors`] : []),
  ].map(redactText)
}

function asFinding(error: KilnError): Finding {
  const { code, message, place, hint } = error
  return { code, message, ...(place ? { place } : {}), ...(hint ? { hint } : {}) }
}

function findingLines(finding: Finding, options: ErrorOptions): string[] {
  return diagnosticLines('error', 'red', finding, options)
}

/** What a finding and a warning have in common. */
type Diagnostic = Omit<Finding, 'code'> & { readonly code: string }

/** A finding or a warning for people, with the line that it is about. */
export function diagnosticLines(
  word: 'error' | 'warning',
  colour: Parameters<Paint>[0],
  finding: Diagnostic,
  options: ErrorOptions,
): string[] {
  const { paint } = options
  const [first = '', ...more] = finding.message.split('\n').map(plainText)
  return [
    `${paint(colour, word)} ${paint('bold', finding.code)}: ${first}`,
    ...more.map((line) => `  ${line}`),
    ...(finding.place ? placeLines(finding.place, options) : []),
    ...(finding.hint ? [`  ${paint('cyan', 'hint:')} ${plainText(finding.hint)}`] : []),
  ]
}

/** The place, and where it can be read the line with the text in question underlined. */
function placeLines(place: Place, { paint, readSource }: ErrorOptions): string[] {
  const head = `  at ${formatPlace(place)}`
  if (place.line === undefined) return [head]
  const source = (place.text ?? readSource(place.file))?.split(/\r?\n/)[place.line - 1]
  if (source === undefined || source.length > 200) return [head]
  const gutter = String(place.line)
  const blank = ' '.repeat(gutter.length)
  const column = place.column ?? 1
  const end = place.end?.line === place.line ? place.end.column : source.trimEnd().length + 1
  const carets = '^'.repeat(Math.max(1, Math.min(end, source.length + 1) - column))
  // A tab in the source stays a tab below it, so that the caret stands where it should.
  const indent = source.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return [
    head,
    `  ${paint('dim', `${gutter} |`)} ${source}`,
    `  ${paint('dim', `${blank} |`)} ${indent}${paint('red', carets)}`,
  ]
}

function causeLines(error: KilnError): string[] {
  if (error.code === 'E-BUG') return []
  const causes: string[] = []
  let cause: unknown = error.cause
  while (cause !== undefined && cause !== null && causes.length < shownCauses) {
    const text = plainText((cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '')
    if (text && !error.message.includes(text) && !causes.includes(text)) causes.push(text)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes.map((text) => `  because: ${text}`)
}

function outputLines(error: KilnError, paint: Paint): string[] {
  const lines = (error.output ?? '').split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) return []
  const left = lines.length > shownOutputLines ? ', its last lines' : ''
  return [
    `  what the program said${left}:`,
    ...lines.slice(-shownOutputLines).map((line) => paint('dim', `  | ${plainText(line)}`)),
  ]
}

function stackLines(error: KilnError): string[] {
  const origin = error.cause instanceof Error ? error.cause : error
  return (origin.stack ?? '').split('\n').map((line) => `  ${line}`)
}

/** An error for programs: the same facts as plain data. */
export function errorData(error: KilnError): Record<string, unknown> {
  const findings = error.findings.length > 0 ? error.findings : [asFinding(error)]
  return redactData({
    code: error.code,
    message: error.message,
    exit: error.exitCode,
    findings: findings.map(findingData),
    ...(error.output ? { output: error.output } : {}),
  })
}

/** A finding with a range as the Language Server Protocol counts: lines and characters from 0, the end exclusive. */
export function findingData(finding: Diagnostic): Record<string, unknown> {
  const { code, message, place, hint } = finding
  return {
    code,
    message,
    ...(hint ? { hint } : {}),
    ...(place ? { file: place.file } : {}),
    ...(place?.line === undefined ? {} : { range: rangeOf(place, place.line) }),
  }
}

function rangeOf(place: Place, line: number): Record<'start' | 'end', { line: number; character: number }> {
  const start = { line: line - 1, character: (place.column ?? 1) - 1 }
  const end = place.end ? { line: place.end.line - 1, character: place.end.column - 1 } : start
  return { start, end }
}

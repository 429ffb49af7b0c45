import { type ErrorCode, errorFacts } from './codes.ts'
import { exitCodes } from './exit.ts'

/** Where in a file something is wrong. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
  /** The first position after the text in question, where it is known. */
  readonly end?: { readonly line: number; readonly column: number }
  /** What is to be read there, where it is in no file: an argument of the command line. */
  readonly text?: string
}

/** One finding: an error or a part of one. The shape of every diagnostic that Kiln prints. */
export interface Finding {
  readonly code: ErrorCode
  readonly message: string
  readonly place?: Place
  /** What to do, as a sentence or a command. */
  readonly hint?: string
}

export interface KilnErrorInit {
  readonly place?: Place | undefined
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** All findings, where one run turned up several. The error itself repeats the first. */
  readonly findings?: readonly Finding[] | undefined
  /** The last lines of the failing program's output. */
  readonly output?: string | undefined
  /** What the error is about, by name: lets a caller that knows the definition find the place. */
  readonly subjects?: readonly string[] | undefined
}

const brand = Symbol.for('kiln.error')

/** An expected failure, with a stable code and what to do. Anything else that is thrown is a defect. */
export class KilnError extends Error {
  readonly code: ErrorCode
  readonly place: Place | undefined
  readonly hint: string | undefined
  readonly findings: readonly Finding[]
  readonly output: string | undefined
  readonly subjects: readonly string[]
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, init: KilnErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    this.name = 'KilnError'
    this.code = code
    this.place = init.place
    this.hint = init.hint
    this.findings = init.findings ?? []
    this.output = init.output
    this.subjects = init.subjects ?? []
  }

  get exitCode(): number {
    return exitCodes[errorFacts[this.code].exit]
  }
}

/** Survives duplicate installs of this package, where `instanceof` does not. */
export function isKilnError(value: unknown): value is KilnError {
  return typeof value === 'object' && value !== null && brand in value
}

/** One error for several findings; the first one speaks for all. */
export function errorFromFindings(findings: readonly [Finding, ...Finding[]]): KilnError {
  const [first] = findings
  return new KilnError(first.code, first.message, { place: first.place, hint: first.hint, findings })
}

export function formatPlace(place: Place): string {
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
}

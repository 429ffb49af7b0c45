import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { type ExitName, exitCodes, type KilnError } from '@kiln/contract'
import type { Emit } from '@kiln/factory/events'
import { redactData } from '@kiln/factory/run/redact'
import { asKilnError, errorData, errorLines } from './report/error.ts'
import { createReporter, lineWriter, type ProgressMode } from './report/reporter.ts'
import { chosenProgress, painter, wantsColour } from './report/terminal.ts'

/** The program's surroundings: all that a command may touch besides files. */
export interface Session {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly stdin: NodeJS.ReadStream
  /** Aborted by the first interrupt, with E-INTERRUPTED as its reason. */
  readonly signal: AbortSignal
}

export interface OutputOptions {
  readonly json?: boolean
  readonly progress?: ProgressMode
}

/** What a command hands back: data for programs, the same as lines for people. */
export interface Outcome {
  readonly result: unknown
  readonly lines: readonly string[]
  readonly exit?: ExitName
  /** A failure that comes after there was a result, such as a boot that did not come up. */
  readonly error?: KilnError
}

export interface CommandContext {
  readonly session: Session
  readonly emit: Emit
  /** Asks once on a terminal; undefined where there is none to ask on. */
  confirm(question: string): Promise<boolean | undefined>
}

/** Runs a command: events to the reporters, the result to standard output. @returns the exit code */
export async function runCommand(
  session: Session,
  options: OutputOptions,
  command: (context: CommandContext) => Promise<Outcome>,
): Promise<number> {
  const output = createOutput(session, options)
  try {
    const outcome = await command({
      session,
      emit: output.emit,
      confirm: (question) => ask(session, question),
    })
    output.finish()
    if (options.json) output.line(resultLine(outcome))
    else for (const line of outcome.lines) session.stdout.write(`${line}\n`)
    if (outcome.error) writeErrorText(session, outcome.error)
    return outcome.error?.exitCode ?? exitCodes[outcome.exit ?? 'ok']
  } catch (error) {
    output.finish()
    return reportError(session, error, options.json ? output.line : undefined)
  }
}

function resultLine({ result, error }: Outcome): Record<string, unknown> {
  return { result, ...(error ? { error: errorData(error) } : {}) }
}

interface Output {
  readonly emit: Emit
  /** Writes a line of JSON to standard output. */
  readonly line: (line: object) => void
  finish(): void
}

function createOutput(session: Session, options: OutputOptions): Output {
  const { stderr } = session
  const surroundings = { isTerminal: stderr.isTTY ?? false, env: session.env }
  const mode = options.progress ?? (options.json ? 'none' : 'auto')
  const reporter = createReporter(chosenProgress(mode, surroundings), {
    write: (text) => stderr.write(text),
    // A terminal that does not know its size says 0.
    size: () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 }),
    paint: painter(wantsColour(surroundings)),
  })
  const line = lineWriter((text) => session.stdout.write(text))
  return {
    emit(event) {
      const safe = redactData(event)
      if (options.json) line(safe)
      reporter.emit(safe)
    },
    line,
    finish: () => reporter.finish(),
  }
}

/** Says what went wrong: as text on standard error, and as data to `line` where there is one. */
export function reportError(session: Session, thrown: unknown, line?: (line: object) => void): number {
  const error = asKilnError(session.signal.aborted ? session.signal.reason : thrown)
  line?.({ error: errorData(error) })
  writeErrorText(session, error)
  return error.exitCode
}

function writeErrorText(session: Session, error: KilnError): void {
  const { stderr, env } = session
  const paint = painter(wantsColour({ isTerminal: stderr.isTTY ?? false, env }))
  for (const line of errorLines(error, { paint, readSource: readSourceText })) stderr.write(`${line}\n`)
}

/** The text of a file that a place names. */
export function readSourceText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

async function ask(session: Session, question: string): Promise<boolean | undefined> {
  const { stdin, stderr, signal } = session
  if (!stdin.isTTY || !stderr.isTTY) return undefined
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await lines.question(`${question} [Y/n] `, { signal })
    return /^\s*(y(es)?)?\s*$/i.test(answer)
  } finally {
    lines.close()
  }
}

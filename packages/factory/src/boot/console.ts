import { StringDecoder } from 'node:string_decoder'

/** A line that is longer than this is broken: nobody ends it. */
const longestLine = 64 * 1024

/** Firmware and boot menus move the cursor instead of ending a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
const lineEnd = /\r*\n|\u001b\[[\d;]*[Hf]/

/** CSI sequences, OSC strings, character sets, and the short ones. */
const escapes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]+[0-~]|\u001b[0-Z\\^-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g

/** An escape sequence of which only the beginning has come yet. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
const unfinishedEscape = /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]*\u001b?|[ -/]*)$/

/** What a person would read: no colours, no cursor movements, no carriage returns. */
export function cleanLine(raw: string): string {
  return raw.replaceAll(escapes, '')
}

/**
 * What a machine says on its serial port, as lines. The last one may be unfinished, like a login prompt.
 * Patterns see one line at a time; a finished line ends with `\n`, so that a pattern can ask for the whole line.
 */
export class SerialConsole {
  readonly #decoder = new StringDecoder('utf8')
  readonly #lines: string[] = []
  readonly #listeners = new Set<() => void>()
  readonly #onLine: (line: string) => void
  #raw = ''

  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine
  }

  /** All text so far, cleaned. */
  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join('') + this.#unfinished()
  }

  /** The number of finished lines: a mark to look for something from here on. */
  get position(): number {
    return this.#lines.length
  }

  lastLines(count: number): string[] {
    return [...this.#lines, this.#unfinished()].filter((line) => line.trim() !== '').slice(-count)
  }

  feed(chunk: Uint8Array): void {
    const parts = (this.#raw + this.#decoder.write(chunk)).split(lineEnd)
    const rest = parts.pop() ?? ''
    const isBroken = rest.length > longestLine
    this.#raw = isBroken ? '' : rest
    for (const part of isBroken ? [...parts, rest] : parts) this.#finish(cleanLine(part))
    for (const listener of [...this.#listeners]) listener()
  }

  /** The first line from a position on that matches, without its end. */
  find(pattern: RegExp, since = 0): { readonly line: string; readonly position: number } | undefined {
    const matcher = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
    for (let position = since; position < this.#lines.length; position++) {
      const line = this.#lines[position] ?? ''
      if (matcher.test(`${line}\n`)) return { line, position }
    }
    const line = this.#unfinished()
    return line !== '' && matcher.test(line) ? { line, position: this.#lines.length } : undefined
  }

  /** Calls back whenever something new has come. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #unfinished(): string {
    return cleanLine(this.#raw.replace(unfinishedEscape, ''))
  }

  #finish(line: string): void {
    this.#lines.push(line)
    this.#onLine(line)
  }
}

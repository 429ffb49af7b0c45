import { Unreadable } from './bytes.ts'

/** One thing that was looked at. */
export interface Check {
  /** Where in the artifact: `partition table`, `COS_STATE:/slots/ab…/root.img`. */
  readonly place: string
  /** What was looked at, for people. */
  readonly what: string
  /** What is wrong; missing where nothing is. */
  readonly problem?: string
}

/** Collects what was looked at. Nothing stops at the first problem: whoever mends an artifact wants to know them all. */
export class Report {
  readonly checks: Check[] = []
  readonly #prefix: string

  constructor(prefix = '', checks: Check[] = []) {
    this.#prefix = prefix
    this.checks = checks
  }

  /** Notes a check; with a problem it failed. */
  note(place: string, what: string, problem?: string | false): void {
    this.checks.push({ place: `${this.#prefix}${place}`, what, ...(problem ? { problem } : {}) })
  }

  /** The same report for what lies further in. */
  within(prefix: string): Report {
    return new Report(`${this.#prefix}${prefix}`, this.checks)
  }

  /** Reads something. Where it cannot be read, that is noted, and undefined comes back. */
  async read<T>(place: string, what: string, look: () => T | Promise<T>): Promise<T | undefined> {
    try {
      const found = await look()
      this.note(place, what)
      return found
    } catch (error) {
      // A number out of a damaged file may lead out of a buffer.
      if (!(error instanceof Unreadable) && !(error instanceof RangeError)) throw error
      const problem = error instanceof Unreadable ? error.message : 'it leads to where nothing is'
      this.note(place, what, problem)
      return undefined
    }
  }
}

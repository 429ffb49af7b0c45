/** Where in a template: lines and columns from 1. */
export interface TemplatePlace {
  readonly line: number
  readonly column: number
}

/** A template that cannot be read or filled in. The message is for the person who wrote it. */
export class TemplateError extends Error {
  /** Offset of the characters that are meant. */
  readonly offset: number
  place: TemplatePlace | undefined

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'TemplateError'
    this.offset = offset
  }

  /** The same, with its place in the text. */
  in(text: string): TemplateError {
    const lines = text.slice(0, this.offset).split('\n')
    const placed = new TemplateError(this.message, this.offset)
    placed.place = { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
    return placed
  }
}

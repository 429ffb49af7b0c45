import * as z from 'zod'
import { KilnEventSchema } from './events.ts'
import { streamSchema } from './stream-lines.ts'

/** What each line of the stream has besides its event. */
const head = {
  schema: z.literal(streamSchema),
  seq: z.int().positive().describe('Counts from 1, without gaps.'),
  time: z.iso.datetime().describe('When it was written; ISO 8601 in UTC.'),
}

const position = z.strictObject({ line: z.int().nonnegative(), character: z.int().nonnegative() })

const Finding = z.strictObject({
  code: z.string(),
  message: z.string(),
  hint: z.exactOptional(z.string()).describe('What to do.'),
  file: z.exactOptional(z.string()),
  range: z
    .exactOptional(z.strictObject({ start: position, end: position }))
    .describe('As in the Language Server Protocol: from 0, the end exclusive.'),
})

const StreamError = z.strictObject({
  code: z.string().describe('Error code: [errors.md](errors.md).'),
  message: z.string(),
  exit: z.int().describe('Exit code: [exit-codes.md](exit-codes.md).'),
  findings: z.array(Finding).describe('Everything that was found, at least one.'),
  output: z.exactOptional(z.string()).describe('The last lines of the program that failed.'),
})

const Result = z
  .strictObject({
    ...head,
    result: z.unknown().describe('What the command hands back; its form is that of the command.'),
    error: z.exactOptional(StreamError).describe('A failure after there was a result.'),
  })
  .describe('The last line of a command that has a result.')

const Failure = z
  .strictObject({ ...head, error: StreamError })
  .describe('The last line of a command that failed.')

/** One line of what `--json` prints. */
export const StreamLine = z.union([
  ...KilnEventSchema.options.map((option) => option.extend(head).describe(option.description ?? '')),
  Result,
  Failure,
])

/** JSON Schema (draft 2020-12) of a line, for programs that read the stream. Open: later versions may say more. */
export function eventsJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(StreamLine, {
    override({ jsonSchema }) {
      delete jsonSchema.additionalProperties
      delete jsonSchema.readOnly
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    },
  })
  return { $schema, title: streamSchema, ...schema }
}

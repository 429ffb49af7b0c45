import * as z from 'zod'

/**
 * What the factory tells the outside while it works: one stream of plain data, folded by a reporter into a tree, lines or
 * JSON. The schema gives the types, schemas/events.schema.json and docs/reference/events.md.
 */
const step = z.string().describe('Id of the step: unique in a plan, readable.')
const title = z.string().describe('Name of the step for people.')
const ms = z.number().describe('Milliseconds it took.')
const count = z.int().nonnegative()

const PlannedStep = z
  .strictObject({
    step,
    title,
    needs: z.array(z.string()).readonly().describe('Ids of the steps that must be finished before.'),
  })
  .readonly()

const Plan = z
  .strictObject({ event: z.literal('plan'), steps: z.array(PlannedStep).readonly() })
  .describe('What is going to be done. Comes once, before the first step.')

const StepStarted = z
  .strictObject({ event: z.literal('step-started'), step, title })
  .describe('A step is being made. A step whose result is reused does not start.')

const StepProgress = z
  .strictObject({
    event: z.literal('step-progress'),
    step,
    done: z.number().describe('How far it is, in the unit.'),
    total: z.exactOptional(z.number()).describe('The whole; missing where nobody can know it.'),
    unit: z.enum(['bytes', 'items', 'percent']),
  })
  .describe('How far a step is.')

const StepOutput = z
  .strictObject({ event: z.literal('step-output'), step, line: z.string() })
  .describe('A line that a program of the step wrote. Passwords in it are left out.')

const StepFinished = z
  .strictObject({
    event: z.literal('step-finished'),
    step,
    title,
    outcome: z.enum(['built', 'reused']).describe('Made now, or taken from the cache.'),
    ms,
  })
  .describe('The result of a step is there.')

const StepFailed = z
  .strictObject({
    event: z.literal('step-failed'),
    step,
    title,
    code: z.string().describe('Error code: [errors.md](errors.md).'),
    ms,
  })
  .describe('A step failed. The run stops, and its error comes last.')

const Notice = z
  .strictObject({ event: z.literal('notice'), level: z.enum(['info', 'warning']), message: z.string() })
  .describe('Something that people should know.')

const Summary = z
  .strictObject({
    event: z.literal('summary'),
    built: count.describe('Steps that were made.'),
    reused: count.describe('Steps whose results came from the cache.'),
    downloaded: z.exactOptional(count).describe('Bytes that were fetched; missing where it was not counted.'),
    ms,
  })
  .describe('What was done. Comes once, at the end of a build that worked.')

const Listening = z
  .strictObject({ event: z.literal('listening'), url: z.string().describe('Where it can be asked.') })
  .describe('A server can be asked from now on.')

const Request = z
  .strictObject({
    event: z.literal('request'),
    from: z.string().describe('Address of who asked.'),
    method: z.string(),
    path: z.string().describe('Without the query, in which there may be a token.'),
    status: z.int(),
    ms,
  })
  .describe('A server answered.')

const Machine = z
  .strictObject({
    event: z.literal('machine'),
    machine: z.string().describe('Its name in the inventory.'),
    phase: z
      .enum(['waiting', 'script', 'kernel', 'initramfs', 'root', 'config'])
      .describe('What it fetched.'),
    from: z.string().describe('Its address.'),
  })
  .describe('A machine that starts over the network is one step further.')

export const KilnEventSchema = z.discriminatedUnion('event', [
  Plan,
  StepStarted,
  StepProgress,
  StepOutput,
  StepFinished,
  StepFailed,
  Notice,
  Listening,
  Request,
  Machine,
  Summary,
])

/** Times are milliseconds, sizes are bytes. */
export type KilnEvent = Readonly<z.infer<typeof KilnEventSchema>>
export type PlannedStep = z.infer<typeof PlannedStep>
export type Emit = (event: KilnEvent) => void

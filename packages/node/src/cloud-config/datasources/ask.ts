import * as z from 'zod/mini'
import { DataSourceError } from './source-error.ts'

/** One question to a metadata service, as plain data. */
export interface Question {
  readonly url: string
  readonly method?: 'PUT' | 'POST'
  readonly headers?: readonly string[]
  readonly body?: string
  /** Ask from a port that only root may use. */
  readonly privileged?: boolean
}

export interface Reply {
  readonly status: number
  readonly bytes: Uint8Array
  readonly text: string
}

/** Any HTTP status is an answer. @throws DataSourceError no-answer */
export type Ask = (question: Question) => Reply

const success = 200
/** Nothing there: also what some services say where a user gave no data. */
const nothing = [204, 404, 410]

/** @throws DataSourceError refused where it is not there */
export function ask(asker: Ask, question: Question): Reply {
  const reply = asker(question)
  if (reply.status === success) return reply
  throw new DataSourceError('refused', `${question.url} answers ${reply.status}`)
}

/** The answer, or undefined where there is none. @throws DataSourceError refused on any other answer */
export function askIfThere(asker: Ask, question: Question): Reply | undefined {
  const reply = asker(question)
  if (reply.status === success) return reply
  if (nothing.includes(reply.status)) return undefined
  throw new DataSourceError('refused', `${question.url} answers ${reply.status}`)
}

/** @throws DataSourceError unreadable */
export function readJson<T>(schema: z.core.$ZodType<T>, text: string, name: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new DataSourceError('unreadable', `${name} is not JSON`, error)
  }
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new DataSourceError('unreadable', `${name}: ${issue?.path.join('.')}: ${issue?.message}`)
}

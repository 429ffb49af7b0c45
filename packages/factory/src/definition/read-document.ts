import { readFileSync } from 'node:fs'
import { KilnError, parseOrThrow } from '@kiln/contract'
import type * as z from 'zod'

/**
 * Reads a YAML file by its schema.
 * @param what it is, for a message: `the policy`
 * @throws KilnError E-CONFIG-*
 */
export function readDocumentFile<T>(schema: z.core.$ZodType<T>, file: string, what: string): T {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `${what} ${file} cannot be read: ${(cause as Error).message}`
    throw new KilnError('E-CONFIG-UNREADABLE', message, { place: { file }, cause })
  }
  return parseOrThrow(schema, text, file).value
}

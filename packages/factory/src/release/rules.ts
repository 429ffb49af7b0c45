import { readFileSync } from 'node:fs'
import { KilnError, parseOrThrow } from '@kiln/contract'
import { ChannelRule } from '@kiln/contract/release/channels'
import * as z from 'zod'

/** Where nobody says otherwise: as quick as people are, in three steps. */
export const usualRules: readonly ChannelRule[] = [
  { name: 'edge', soak: 0, require: [] },
  { name: 'beta', soak: 0, require: [] },
  { name: 'stable', soak: 0, require: [] },
]

const Rules = z.strictObject({ channels: z.array(ChannelRule).min(1) })

/** Reads the rules of the channels, in their order. @throws KilnError E-CONFIG-* */
export function readRules(file: string): readonly ChannelRule[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `the rules in ${file} cannot be read: ${(cause as Error).message}`
    throw new KilnError('E-CONFIG-UNREADABLE', message, { place: { file }, cause })
  }
  return parseOrThrow(Rules, text, file).value.channels
}

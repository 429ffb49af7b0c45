import { ChannelRule } from '@kiln/contract/release/channels'
import * as z from 'zod'
import { readDocumentFile } from '../definition/read-document.ts'

/** Where nobody says otherwise: as quick as people are, in three steps. */
export const usualRules: readonly ChannelRule[] = [
  { name: 'edge', soak: 0, require: [] },
  { name: 'beta', soak: 0, require: [] },
  { name: 'stable', soak: 0, require: [] },
]

const Rules = z.strictObject({ channels: z.array(ChannelRule).min(1) })

/** Reads the rules of the channels, in their order. @throws KilnError E-CONFIG-* */
export function readRules(file: string): readonly ChannelRule[] {
  return readDocumentFile(Rules, file, 'the rules in').channels
}

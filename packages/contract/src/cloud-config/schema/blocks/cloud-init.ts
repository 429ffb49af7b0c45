import * as z from 'zod/mini'
import { encodings, flag, list, Mode, pathText, text } from '../values.ts'

/** Keys of cloud-init that become steps of the stage boot. */
export const WriteFile = z.strictObject({
  path: pathText,
  content: z.optional(text),
  encoding: z.optional(z.enum(encodings)),
  /** `user:group` */
  owner: z.optional(text),
  permissions: z.optional(Mode),
})

/** A list is a command with its arguments. */
export const RunCommand = z.union([text, list])

export const GrowPart = z.strictObject({
  devices: z.optional(list),
  mode: z.optional(text),
  ignore_growroot_disabled: flag,
})

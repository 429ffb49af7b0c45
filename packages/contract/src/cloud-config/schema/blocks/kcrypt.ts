import * as z from 'zod/mini'
import { flag, text } from '../values.ts'

/** Where the keys of encrypted partitions come from. */
export const KcryptConfig = z.strictObject({
  challenger: z.optional(
    z.strictObject({
      challenger_server: z.optional(text),
      mdns: flag,
      certificate: z.optional(text),
      nv_index: z.optional(text),
      c_index: z.optional(text),
      tpm_device: z.optional(text),
    }),
  ),
})

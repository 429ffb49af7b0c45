import * as z from 'zod/mini'
import { filled, flag, text } from '../values.ts'

/** Images that are unpacked or run at installation or at the first boot. */
export const Bundles = z.array(
  z.strictObject({
    targets: z.array(
      filled.check(
        z.regex(
          /^((container|docker|run|package):\/\/|\/)/,
          'must start with container://, docker://, run://, package:// or /',
        ),
      ),
    ),
    repository: z.optional(text),
    rootfs_path: z.optional(text),
    db_path: z.optional(text),
    local_file: flag,
  }),
)
export type BundlesConfig = z.infer<typeof Bundles>

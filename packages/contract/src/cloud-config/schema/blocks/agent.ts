import * as z from 'zod/mini'
import { Assignments, filled, flag, list, Scalars, text } from '../values.ts'
import { Bundles } from './bundles.ts'

/** Top-level keys of the field's agent itself. */
export const agentKeys = {
  config_url: z.optional(filled),
  options: z.optional(Scalars),
  env: z.optional(Assignments),
  debug: flag,
  strict: flag,
  bundles: z.optional(Bundles),
  fail_on_bundles_errors: flag,
  grub_options: z.optional(Scalars),
  logs: z.optional(z.strictObject({ journal: z.optional(list), files: z.optional(list) })),
  providers: z.optional(z.strictObject({ paths: z.optional(list) })),
  'cloud-init-paths': z.optional(list),
  'eject-cd': flag,
  cosign: flag,
  verify: flag,
  'cosign-key': z.optional(text),
  arch: z.optional(text),
  'squash-compression': z.optional(list),
  'squash-no-compression': flag,
  'uki-max-entries': z.optional(z.int()),
  'bind-pcrs': z.optional(list),
  'bind-public-pcrs': z.optional(list),
}

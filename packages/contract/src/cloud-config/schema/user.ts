import * as z from 'zod/mini'
import { flag, list, pathText, text } from './values.ts'

/** A user, in the list `users` and in the map `users` of a step. */
export const User = z.strictObject({
  name: z.optional(text),
  uid: z.optional(z.union([text, z.number()])),
  passwd: z.optional(text),
  lock_passwd: flag,
  gecos: z.optional(text),
  homedir: z.optional(pathText),
  no_create_home: flag,
  shell: z.optional(pathText),
  primary_group: z.optional(text),
  /** Cloud-init also allows one text with commas. */
  groups: z.optional(z.union([list, text])),
  no_user_group: flag,
  system: flag,
  no_log_init: flag,
  ssh_authorized_keys: z.optional(list),
  /** Not acted on, as in the field: membership of `admin` or `sudo` decides. */
  sudo: z.optional(z.unknown()),
})
export type UserConfig = z.infer<typeof User>

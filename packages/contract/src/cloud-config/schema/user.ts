import * as z from 'zod/mini'
import { flag, list, pathText, text } from './values.ts'

/** As useradd takes names; a `$` at the end is for accounts of machines. */
const UserName = text.check(
  z.regex(
    /^[a-z_][a-z0-9_-]{0,30}[a-z0-9_$-]?$/,
    'is not a user name: lower-case letters, digits, - and _, no digit first',
  ),
)

const account = {
  uid: z.optional(z.union([text.check(z.regex(/^\d+$/, 'must be a number')), z.int()])),
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
}

/** A user in the map `users` of a step, whose key is the name. */
export const User = z.strictObject({ name: z.optional(text), ...account })
/** A user in the list `users`. */
export const ListedUser = z.strictObject({ name: UserName, ...account })
export type UserConfig = z.infer<typeof User>

import * as z from 'zod/mini'
import { Duration, encodings, Mode, Owner, pathText, text } from '../values.ts'
import { ScalarMap } from './scalars.ts'

/** Modules that write files and folders, and what several of them have. */
const owner = {
  owner: z.optional(Owner),
  group: z.optional(Owner),
  /** `user:group` or `user`. */
  ownerstring: z.optional(text),
}

export const File = z.strictObject({
  path: pathText,
  content: z.optional(text),
  encoding: z.optional(z.enum(encodings)),
  permissions: z.optional(Mode),
  ...owner,
})

export const Directory = z.strictObject({
  path: pathText,
  permissions: z.optional(Mode),
  owner: z.optional(Owner),
  group: z.optional(Owner),
})

export const Download = z.strictObject({
  /** One that ends in `/` is a folder; the file gets the name it has in the address. */
  path: pathText,
  url: text.check(z.regex(/^https?:\/\//, 'must be an address that begins with https:// or http://')),
  permissions: z.optional(Mode),
  ...owner,
  /** Seconds for the whole download. */
  timeout: z.optional(Duration),
  /** `sha256:` and 64 hex digits: what comes has to be that, and what is there already is not fetched again. */
  checksum: z.optional(
    text.check(z.regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hex digits in lower case')),
  ),
})

export const Git = z.strictObject({
  url: text,
  path: pathText,
  /** Default: `master`, as in the field. */
  branch: z.optional(text),
  branch_only: z.optional(z.boolean()),
  auth: z.optional(
    z.strictObject({
      username: z.optional(text),
      password: z.optional(text),
      /** Text of the key. */
      private_key: z.optional(text),
      /** Of the server, in the form of known_hosts; without it the server is not believed. */
      public_key: z.optional(text),
      /** Believes any server. */
      insecure: z.optional(z.boolean()),
    }),
  ),
})

export const Dns = z.strictObject({
  nameservers: z.optional(z.array(text)),
  search: z.optional(z.array(text)),
  options: z.optional(z.array(text)),
  /** Default: `/etc/resolv.conf`. */
  path: z.optional(pathText),
})

/** One entry of a file like passwd: `entity` is YAML, `kind: user|shadow|group|gshadow` and the fields. */
export const Entity = z.strictObject({ path: z.optional(pathText), entity: text })

export const Environment = ScalarMap

export type FileConfig = z.infer<typeof File>
export type DirectoryConfig = z.infer<typeof Directory>
export type DownloadConfig = z.infer<typeof Download>
export type GitConfig = z.infer<typeof Git>
export type DnsConfig = z.infer<typeof Dns>
export type EntityConfig = z.infer<typeof Entity>

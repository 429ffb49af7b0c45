import * as z from 'zod/mini'
import { MiB, parseSize, sizePattern } from '../../../bytes.ts'
import { Assignments, flag, list, Scalars, text } from '../values.ts'
import { Bundles } from './bundles.ts'
import { SystemSource } from './upgrade.ts'

/** The block `install` of a cloud-config, with the field's keys. Closed: what is not here is an error with its place. */
const pathText = text.check(
  z.regex(/^(\/[^/,:\\\s]+)+$/, 'must be an absolute path without blanks, "," and ":"'),
)

/** A number counts MiB, as in the field; a text has its unit. The result is bytes; 0 is what is left. */
const Size = z.union([
  z.pipe(
    text.check(z.regex(sizePattern, 'must be a number of MiB, or a size such as "512MiB"')),
    z.transform((size) => parseSize(size) ?? 0),
  ),
  z.pipe(
    z.number().check(z.minimum(0, 'must not be negative')),
    z.transform((size) => Math.ceil(size * MiB)),
  ),
])

/** Names and flags are known because files of the field have them; they are the same on every disk of Kiln. */
const partition = {
  size: z.optional(Size),
  fs: z.optional(text),
  label: z.optional(text),
  name: z.optional(text),
  flags: z.optional(z.unknown()),
  uuid: z.optional(z.unknown()),
}
const Partition = z.strictObject(partition)

/** What the field takes; anything of the ext family becomes ext4. */
export const extraFileSystems = ['ext4', 'ext3', 'ext2', 'vfat', 'none', 'noformat', '-'] as const

const Extra = z.strictObject({
  ...partition,
  name: text,
  size: Size,
  fs: z.optional(z.enum(extraFileSystems)),
})

/** Keys of the field without which the system is a usable one, though not all that was wished for. */
export const unusedKeys = [
  'cloud-init',
  'extra-dirs-rootfs',
  'grub-entry-name',
  'skip-entries',
  'skip_copy_kcrypt_plugin',
  'tty',
] as const

/** Keys of the field that change what is installed or how safe it is: nothing is installed rather than something else. */
export const refusedKeys = ['encrypted_partitions', 'iso', 'passive', 'recovery-system', 'system'] as const

export const InstallConfig = z.strictObject({
  auto: flag,
  /** `auto`, a path, or `script://CMD`, whose output is one of them. */
  device: z.optional(
    text.check(z.regex(/^\s*(auto|\/dev\/.+|script:\/\/.+)\s*$/, 'must be auto, /dev/… or script://…')),
  ),
  reboot: flag,
  poweroff: flag,
  /** What to install; the field has both names. */
  source: z.optional(text),
  image: z.optional(text),
  'allow-insecure-registries': flag,
  'no-format': flag,
  no_format: flag,
  force: flag,
  nousers: flag,
  firmware: z.optional(z.enum(['uefi', 'efi', 'bios', 'hybrid'])),
  'part-table': z.optional(z.literal('gpt')),
  partitions: z.optional(
    z.strictObject({
      efi: z.optional(Partition),
      oem: z.optional(Partition),
      recovery: z.optional(Partition),
      state: z.optional(Partition),
      persistent: z.optional(Partition),
    }),
  ),
  'extra-partitions': z.optional(z.array(Extra)),
  grub_options: z.optional(Scalars),
  bind_mounts: z.optional(z.array(pathText)),
  ephemeral_mounts: z.optional(z.array(pathText)),
  env: z.optional(Assignments),
  bundles: z.optional(Bundles),
  'cloud-init': z.optional(list),
  encrypted_partitions: z.optional(list),
  'extra-dirs-rootfs': z.optional(list),
  'grub-entry-name': z.optional(text),
  iso: z.optional(text),
  passive: z.optional(SystemSource),
  'recovery-system': z.optional(SystemSource),
  'skip-entries': z.optional(list),
  skip_copy_kcrypt_plugin: flag,
  ssh_hardening: flag,
  system: z.optional(SystemSource),
  tty: z.optional(text),
})
export type InstallConfig = z.infer<typeof InstallConfig>

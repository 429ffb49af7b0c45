import * as z from 'zod/mini'
import { flag, list, pathText, text } from '../values.ts'
import { ScalarMap } from './scalars.ts'

/** Modules that set up the system: services, packages, disks, images. */
export const Systemctl = z.strictObject({
  enable: z.optional(list),
  disable: z.optional(list),
  mask: z.optional(list),
  start: z.optional(list),
  overrides: z.optional(
    z.array(
      z.strictObject({
        service: z.optional(text),
        content: z.optional(text),
        /** Name of the file; default `override-yip.conf`. */
        name: z.optional(text.check(z.regex(/^[^/\0]*$/, 'must be the name of a file'))),
      }),
    ),
  ),
})

export const Packages = z.strictObject({
  install: z.optional(list),
  remove: z.optional(list),
  refresh: flag,
  upgrade: flag,
})
/** Package → version. */
export const PackagePins = ScalarMap

/** MiB; 0 is all that is left. */
const Size = z.int().check(z.minimum(0, 'must not be negative'))

export const layoutFileSystems = [
  ...(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'fat', 'fat16', 'fat32', 'swap'] as const),
  ...(['none', 'noformat', '-'] as const),
] as const

export const DiskLayout = z.strictObject({
  device: z.optional(
    z.strictObject({
      /** A device, or `script://COMMAND`, whose output is one. */
      path: z.optional(text),
      /** Of a file system on the disk that is meant. */
      label: z.optional(text),
      /** Writes an empty partition table, if the disk has none. */
      init_disk: flag,
      disk_name: z.optional(text),
    }),
  ),
  add_partitions: z.optional(
    z.array(
      z.strictObject({
        fsLabel: z.optional(text),
        pLabel: z.optional(text),
        size: z.optional(Size),
        filesystem: z.optional(z.enum(layoutFileSystems)),
        bootable: flag,
      }),
    ),
  ),
  expand_partition: z.optional(z.strictObject({ size: z.optional(Size) })),
})

export const UnpackImage = z.strictObject({
  source: text,
  target: pathText,
  /** `linux/amd64`; default: this machine's. */
  platform: z.optional(text.check(z.regex(/^linux\/[a-z0-9]+(\/[a-z0-9]+)?$/, 'must be like linux/amd64'))),
})

export const DatasourceStep = z.strictObject({
  providers: z.optional(list),
  path: z.optional(pathText),
  userdata_name: z.optional(text),
})

export type SystemctlConfig = z.infer<typeof Systemctl>
export type PackagesConfig = z.infer<typeof Packages>
export type LayoutConfig = z.infer<typeof DiskLayout>
export type UnpackImageConfig = z.infer<typeof UnpackImage>
export type DatasourceConfig = z.infer<typeof DatasourceStep>

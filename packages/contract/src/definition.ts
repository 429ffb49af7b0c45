import * as z from 'zod'
import { artifactKinds } from './artifacts.ts'
import { sizePattern } from './bytes.ts'
import { parseImageReference } from './image-reference.ts'
import { architectures, variants } from './names.ts'

/**
 * kiln.yaml: what is wanted. One schema gives the types, the validation and the JSON Schema for editors.
 * Closed: a key that is not here is an error.
 */
const packageName = z.string().regex(
  // apt reads a name that ends in `-` as a wish to remove; `g++` is a name, though.
  /^[a-z0-9]([a-z0-9+.-]*[a-z0-9+])?$/,
  'is not a package name: lower-case letters, digits, + - . only, and no - or . at its end',
)
const relativePath = z.string().min(1, 'must not be empty')

const Kernel = z.strictObject({
  package: packageName.describe('Package that brings the kernel, e.g. linux-image-cloud-amd64.'),
})

const Packages = z.strictObject({
  add: z
    .array(packageName)
    .default([])
    .describe('Packages to install besides those of the distribution data.'),
  remove: z.array(packageName).default([]).describe('Packages of the distribution data to leave out.'),
})

const size = z.string().regex(sizePattern, 'is not a size: a number with KiB, MiB, GiB or TiB, as in 256MiB')

const ExtraPartition = z.strictObject({
  name: z.string().describe('Name in the partition table.'),
  size: size.describe('Size, rounded up to whole MiB.'),
  fs: z.enum(['ext4', 'vfat', 'none']).default('ext4').describe('File system.'),
  label: z.string().optional().describe('Label of the file system.'),
})

const Disk = z.strictObject({
  firmware: z
    .enum(['uefi', 'bios', 'hybrid'])
    .optional()
    .describe('What starts the disk; hybrid: both. Default: hybrid on amd64, otherwise uefi.'),
  generations: z.int().min(2).max(16).default(2).describe('How many good generations there is room for.'),
  size: size
    .optional()
    .describe(
      'Size of the whole disk. Default: as small as it can be; it grows with the disk of the machine.',
    ),
  efi: size.optional().describe('Size of COS_GRUB, with the boot files. Default: by their size.'),
  oem: size.optional().describe('Size of COS_OEM, with the cloud-configs. Default: 64MiB.'),
  state: size.optional().describe('Size of COS_STATE, with the systems. Default: by their size.'),
  persistent: size
    .optional()
    .describe('Size of COS_PERSISTENT in the image; it grows at the first boot. Default: 256MiB.'),
  extra: z.array(ExtraPartition).default([]).describe('Further partitions, before COS_PERSISTENT.'),
})
export type DiskDefinition = z.infer<typeof Disk>

/** How layers of a container image are packed. */
export const compressions = ['zstd', 'gzip'] as const
export type Compression = (typeof compressions)[number]

const Container = z.strictObject({
  compression: z
    .enum(compressions)
    .default('zstd')
    .describe('How its layers are packed: zstd, or gzip for Docker before 23 and what else knows no zstd.'),
})

const Uki = z.strictObject({
  budget: size
    .default('128MiB')
    .describe(
      'Largest size of the UKI; a build with a larger one fails. Firmware loads it into memory whole.',
    ),
})

const SecureBoot = z.strictObject({
  keys: relativePath.describe(
    'Folder that "kiln keys generate" made. Only what is public in it goes into artifacts.',
  ),
  enrol: z
    .enum(['off', 'manual', 'if-safe', 'force'])
    .default('if-safe')
    .describe(
      'Whether the boot loader of media and disk images enrols the keys in a machine in setup mode: never, from its menu, ' +
        'by itself in virtual machines only, or by itself on any machine.',
    ),
  'measured-boot': z
    .boolean()
    .default(true)
    .describe(
      'Put signed states of PCR 11 into the UKI, so that secrets can be bound to systems of this key.',
    ),
  'allow-expired': z
    .boolean()
    .default(false)
    .describe('Sign though the certificate has expired. Firmware does not look at the time; people do.'),
})
export type SecureBootDefinition = z.infer<typeof SecureBoot>

const Image = z.strictObject({
  flavor: z.string().describe('Distribution, as in distros/: debian.'),
  release: z.string().describe('Release of the distribution, in quotes: "13".'),
  base: z
    .string()
    .optional()
    .describe(
      'Where the base comes from: debian:SUITE, oci:REFERENCE, oci-layout:FOLDER[:TAG], docker-archive:FILE, dir:FOLDER, ' +
        'tar:FILE or containerfile:FILE. Default: by flavor and release.',
    ),
  variant: z.enum(variants).default('core').describe('core (no Kubernetes) or standard.'),
  arch: z.enum(architectures).default('amd64').describe('Architecture of the image.'),
  device: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case letters and digits, with single - between them')
    .default('generic')
    .describe('generic, or a board as in boards/: rpi4.'),
  packages: Packages.default({ add: [], remove: [] }).describe('Packages on top of the distribution data.'),
  overlay: relativePath.optional().describe('Folder whose files are copied over the root file system.'),
  'cloud-config': relativePath
    .optional()
    .describe('Cloud-config to put on the medium, beside the payload, or on COS_OEM of a disk image.'),
  medium: relativePath
    .optional()
    .describe('Folder whose files are put on the medium, beside payload and cloud-config.'),
  kernel: Kernel.optional().describe('Kernel to use instead of the one in the distribution data.'),
  hostname: z
    .string()
    .regex(
      /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
      'is not a host name: letters, digits and - only, at most 63',
    )
    .optional()
    .describe('Host name, unless a cloud-config sets another.'),
  cmdline: z
    .array(
      z
        .string()
        .regex(
          /^[^\s"]+("[^"\n\r\0]*")?$/,
          'must be one word of the kernel command line: blanks only in key="a b"',
        ),
    )
    .default([])
    .describe('Words added to the kernel command line.'),
  disk: Disk.optional().describe('Layout of the disk, in all artifacts that are one.'),
  container: Container.optional().describe('The container image.'),
  uki: Uki.default({ budget: '128MiB' }).describe('The UKI: kernel, initramfs and command line in one file.'),
})

const Bundle = z.strictObject({
  images: z
    .array(z.string().refine(isPlainReference, 'is no name of an image: [registry/]name[:tag][@sha256:…]'))
    .default([])
    .describe('Container images that go along. kiln.lock keeps which they were.'),
  repository: z
    .string()
    .refine((text) => isPlainReference(text) && !/[@]|:[^/]*$/.test(text), 'is no name of a repository')
    .optional()
    .describe('Name of the own images: registry.example.org/team/os. Default: the name of the system.'),
})

function isPlainReference(text: string): boolean {
  return parseImageReference(text) !== undefined
}

export const Definition = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and -')
    .describe('Name of the system, shown at boot and in os-release.'),
  version: z
    .string()
    .regex(
      /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/,
      'must be a semantic version with a leading v: v1.2.3',
    )
    .describe('Semantic version with a leading v.'),
  mirror: z
    .string()
    .regex(/^https?:\/\/[^\s]+$/, 'must be an http or https address')
    .optional()
    .describe("Package mirror. Default: the build machine's own."),
  keyring: relativePath
    .optional()
    .describe("Keyring that signs the archive. Default: the build machine's own."),
  secureBoot: SecureBoot.optional().describe('Sign what UEFI starts, with keys of your own.'),
  images: z.array(Image).min(1, 'must name at least one image').describe('The images to build.'),
  bundle: Bundle.optional().describe('What kiln bundle puts together for places without a network.'),
  artifacts: z.array(z.enum(artifactKinds)).default(['iso']).describe('What to make of each image.'),
})

export type Definition = z.infer<typeof Definition>
export type ImageDefinition = Definition['images'][number]

/** JSON Schema (draft 2020-12) for editors. */
export function definitionJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(Definition, { io: 'input' })
  return { $schema, title: 'kiln.yaml', ...schema }
}

import * as z from 'zod/mini'
import { InstallConfig } from '../install/config.ts'
import { UpgradeConfig } from '../upgrade/settings.ts'
import { KilnSettings } from './kiln-settings.ts'

/**
 * The shape of a cloud-config, as the field writes it. Closed: a key that is not here is an error with its place; keys
 * of the field that Kiln does not act on yet are known, and whoever uses one is told.
 */
const text = z.string()
const list = z.array(text)
const pathText = text.check(z.regex(/^\/[^\0]*$/, 'must be an absolute path'))

/** A number is a mode as YAML read it (`0644` is octal there); a text holds octal digits. */
const Mode = z.union([
  z.pipe(
    text.check(z.regex(/^(0o?)?[0-7]{1,4}$/, 'must be an octal mode such as "0644"')),
    z.transform((digits) => Number.parseInt(digits.replace(/^0o/, ''), 8)),
  ),
  z.number().check(z.minimum(0), z.maximum(0o7777, 'is not a file mode; write it as "0644"')),
])
/** A name or a number. */
const Owner = z.union([text, z.number()])

const encodings = ['', 'b64', 'base64', 'gz+b64', 'gz+base64', 'gzip+b64', 'gzip+base64'] as const

const User = z.strictObject({
  name: z.optional(text),
  uid: z.optional(z.union([text, z.number()])),
  passwd: z.optional(text),
  lock_passwd: z.optional(z.boolean()),
  gecos: z.optional(text),
  homedir: z.optional(pathText),
  no_create_home: z.optional(z.boolean()),
  shell: z.optional(pathText),
  primary_group: z.optional(text),
  /** Cloud-init also allows one text with commas. */
  groups: z.optional(z.union([list, text])),
  no_user_group: z.optional(z.boolean()),
  system: z.optional(z.boolean()),
  no_log_init: z.optional(z.boolean()),
  ssh_authorized_keys: z.optional(list),
  /** Not acted on, as in the field: membership of `admin` or `sudo` decides. */
  sudo: z.optional(z.unknown()),
})

const WriteFile = z.strictObject({
  path: pathText,
  content: z.optional(text),
  encoding: z.optional(z.enum(encodings)),
  owner: z.optional(text),
  permissions: z.optional(Mode),
})

const File = z.strictObject({
  path: pathText,
  content: z.optional(text),
  encoding: z.optional(z.enum(encodings)),
  permissions: z.optional(Mode),
  owner: z.optional(Owner),
  group: z.optional(Owner),
  ownerstring: z.optional(text),
})

const Directory = z.strictObject({
  path: pathText,
  permissions: z.optional(Mode),
  owner: z.optional(Owner),
  group: z.optional(Owner),
})

/** Parts of a step that the field knows and Kiln does not act on yet. */
export const laterModules = [
  'dns',
  'downloads',
  'git',
  'ensure_entities',
  'delete_entities',
  'sysctl',
  'modules',
  'timesyncd',
  'systemctl',
  'environment',
  'environment_file',
  'systemd_firstboot',
  'datasource',
  'layout',
  'package_pins',
  'packages',
  'unpack_images',
] as const
/** Conditions likewise: a step with one of them cannot be run, for nobody knows whether it should. */
export const laterConditions = [
  'node',
  'only_os',
  'only_os_version',
  'only_arch',
  'only_service_manager',
  'if_files',
  'after',
] as const

const Step = z.strictObject({
  name: z.optional(text),
  if: z.optional(text),
  hostname: z.optional(text),
  users: z.optional(z.record(text, User)),
  authorized_keys: z.optional(z.record(text, list)),
  files: z.optional(z.array(File)),
  directories: z.optional(z.array(Directory)),
  commands: z.optional(list),
  ...unknownKeys([...laterModules, ...laterConditions]),
})

/** Stages that a node runs by itself. */
export const nodeStages = ['rootfs', 'initramfs', 'fs', 'boot', 'network', 'reconcile'] as const
export type NodeStage = (typeof nodeStages)[number]

/** Stages of the field around what the agent does, in their own order. */
const hookStages = ['install', 'upgrade', 'reset'].flatMap((action) => [
  `before-${action}`,
  `after-${action}`,
  `after-${action}-chroot`,
])
const outerStages = [
  'kairos-install',
  'kairos-uki-install',
  'kairos-uki-upgrade',
  'kairos-uki-reset',
].flatMap((action) => [`${action}.pre`, `${action}.after`])
type Action = 'install' | 'upgrade' | 'reset'
export type ActionStage =
  | `before-${Action}`
  | `after-${Action}`
  | `after-${Action}-chroot`
  | `kairos-${'install' | 'uki-install' | 'uki-upgrade' | 'uki-reset'}.${'pre' | 'after'}`

const Stages = z.strictObject(
  Object.fromEntries(
    [
      ...[...nodeStages, ...hookStages].flatMap((stage) => [`${stage}.before`, stage, `${stage}.after`]),
      ...outerStages,
    ].map((stage) => [stage, z.optional(z.array(Step))]),
  ),
)

/** Top-level blocks that other parts of a node read, or will. */
export const laterBlocks = [
  'reset',
  'k3s',
  'k3s-agent',
  'k0s',
  'k0s-worker',
  'p2p',
  'kubevip',
  'cluster',
  'providers',
  'kcrypt',
  'bundles',
  'phonehome',
  'growpart',
  'config_url',
  'env',
  'options',
  'grub_options',
  'debug',
  'strict',
  'logs',
  'cloud-init-paths',
  'fail_on_bundles_errors',
] as const

const known = {
  name: z.optional(text),
  hostname: z.optional(text),
  users: z.optional(z.array(User)),
  ssh_authorized_keys: z.optional(list),
  write_files: z.optional(z.array(WriteFile)),
  /** A list is a command with its arguments, as in cloud-init. */
  runcmd: z.optional(z.array(z.union([text, list]))),
  stages: z.optional(Stages),
  install: z.optional(InstallConfig),
  upgrade: z.optional(UpgradeConfig),
  kiln: z.optional(KilnSettings),
  ...unknownKeys(laterBlocks),
}

/** `x-…` is free for anchors and notes. */
export const CloudConfig = z.catchall(z.object(known), z.unknown()).check((context) => {
  const strange = Object.keys(context.value).filter((key) => !(key in known) && !key.startsWith('x-'))
  if (strange.length > 0) {
    context.issues.push({ code: 'unrecognized_keys', keys: strange, input: context.value, path: [] })
  }
})

export type CloudConfig = z.infer<typeof CloudConfig>
export type UserConfig = z.infer<typeof User>
export type FileConfig = z.infer<typeof File>
export type DirectoryConfig = z.infer<typeof Directory>
export type StepConfig = z.infer<typeof Step>

function unknownKeys<K extends string>(keys: readonly K[]) {
  return Object.fromEntries(keys.map((key) => [key, z.optional(z.unknown())])) as Record<
    K,
    z.ZodMiniOptional<z.ZodMiniUnknown>
  >
}

import * as z from 'zod/mini'
import { User } from './user.ts'
import { encodings, list, Mode, Owner, openKeys, pathText, text } from './values.ts'

/** One step of a stage: its conditions and its modules. */
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

export const Step = z.strictObject({
  name: z.optional(text),
  if: z.optional(text),
  hostname: z.optional(text),
  users: z.optional(z.record(text, User)),
  authorized_keys: z.optional(z.record(text, list)),
  files: z.optional(z.array(File)),
  directories: z.optional(z.array(Directory)),
  commands: z.optional(list),
  ...openKeys([...laterModules, ...laterConditions]),
})

export type FileConfig = z.infer<typeof File>
export type DirectoryConfig = z.infer<typeof Directory>
export type StepConfig = z.infer<typeof Step>

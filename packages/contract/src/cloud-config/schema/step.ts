import * as z from 'zod/mini'
import { Directory, Dns, Download, Entity, Environment, File, Git } from './modules/files.ts'
import { Pattern, ScalarMap } from './modules/scalars.ts'
import {
  DatasourceStep,
  DiskLayout,
  PackagePins,
  Packages,
  Systemctl,
  UnpackImage,
} from './modules/system.ts'
import { User } from './user.ts'
import { Duration, list, pathText, text } from './values.ts'

/** What becomes of the other steps when one fails; see docs/stages.md. */
export const FailurePolicy = z.enum(['continue', 'stop', 'unhealthy'])
export type FailurePolicy = z.infer<typeof FailurePolicy>

export const fileChecks = ['any', 'all', 'none'] as const

/** When a step runs. All that are there have to be met. */
const conditions = {
  /** A line for the shell; met where it ends with 0. */
  if: z.optional(text),
  if_files: z.optional(z.partialRecord(z.enum(fileChecks), list)),
  /** A pattern for the host name. */
  node: z.optional(Pattern),
  /** Patterns for the name and the version in os-release. */
  only_os: z.optional(Pattern),
  only_os_version: z.optional(Pattern),
  /** Patterns for the architecture: `amd64`, `arm64`; two names for the same. */
  only_arch: z.optional(Pattern),
  if_arch: z.optional(Pattern),
  only_service_manager: z.optional(z.enum(['systemd', 'openrc'])),
}

/** What a step does, in the order of the field; a step does all of them, whatever the order in its file. */
const modules = {
  dns: z.optional(Dns),
  downloads: z.optional(z.array(Download)),
  git: z.optional(Git),
  ensure_entities: z.optional(z.array(Entity)),
  directories: z.optional(z.array(Directory)),
  files: z.optional(z.array(File)),
  commands: z.optional(list),
  delete_entities: z.optional(z.array(Entity)),
  hostname: z.optional(text),
  sysctl: z.optional(ScalarMap),
  users: z.optional(z.record(text, User)),
  authorized_keys: z.optional(z.record(text, list)),
  modules: z.optional(list),
  timesyncd: z.optional(ScalarMap),
  systemctl: z.optional(Systemctl),
  environment: z.optional(Environment),
  systemd_firstboot: z.optional(ScalarMap),
  datasource: z.optional(DatasourceStep),
  layout: z.optional(DiskLayout),
  package_pins: z.optional(PackagePins),
  packages: z.optional(Packages),
  unpack_images: z.optional(z.array(UnpackImage)),
}
export type ModuleName = keyof typeof modules
export const moduleNames = Object.keys(modules) as readonly ModuleName[]

/** One step of a stage: its conditions and its modules. */
export const Step = z.strictObject({
  name: z.optional(text),
  /** Steps of the same stage that come first. */
  after: z.optional(z.array(z.strictObject({ name: text }))),
  /** Kiln's own: what a failure means, and how long each program of the step may take. */
  on_failure: z.optional(FailurePolicy),
  timeout: z.optional(Duration),
  ...conditions,
  ...modules,
  /** Where `environment` goes; default `/etc/environment`. */
  environment_file: z.optional(pathText),
})
export type StepConfig = z.infer<typeof Step>

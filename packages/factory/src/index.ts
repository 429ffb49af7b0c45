export {
  type BuildOptions,
  type BuildResult,
  type BuiltArtifact,
  type BuiltImage,
  build,
  planBuild,
} from './build.ts'
export { type BundleResult, bundle } from './bundle/bundle.ts'
export { renewLock } from './bundle/renew-lock.ts'
export { type LoadedDefinition, type LoadedImage, loadDefinition } from './definition/load.ts'
export { listDistros } from './distros/load.ts'
export type { Emit, KilnEvent, PlannedStep } from './events.ts'
export { type PullResult, pull } from './registry/pull.ts'
export { type PushResult, push } from './registry/push.ts'
export { type UnpackedImage, unpackImage } from './registry/unpack-image.ts'
export { type Reproduction, reproduce } from './reproduce/reproduce.ts'
export { type HostTool, hostTools, type Requirement, requirements } from './tools/host-tools.ts'
export { kilnVersion } from './version.ts'

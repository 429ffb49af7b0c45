import { makeIso } from '../carriers/iso/iso.ts'
import { makeInitramfs } from '../payload/initramfs.ts'
import { makePayload } from '../payload/payload.ts'
import { makeRootImage } from '../payload/root-image.ts'
import { makeBase } from '../rootfs/base.ts'
import { convert } from '../rootfs/convert.ts'
import { installPackages } from '../rootfs/packages.ts'
import { validate } from '../rootfs/validate.ts'
import { makeAgent } from '../toolchain/agent.ts'
import { makeToolchain } from '../toolchain/toolchain.ts'
import type { Executors } from './engine.ts'

/** Who does what. */
export const executors: Executors = {
  toolchain: makeToolchain,
  agent: makeAgent,
  base: makeBase,
  packages: installPackages,
  convert,
  validate,
  'root-image': makeRootImage,
  initramfs: makeInitramfs,
  payload: makePayload,
  iso: makeIso,
}

import { createHash } from 'node:crypto'
import { constants, copyFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Payload } from '@kiln/contract'
import { prefixedFileDigest } from '../resolve/digest.ts'
import type { Executors } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { efiArchitecture, ukiArguments } from '../tools/ukify.ts'
import { commandLine } from './command-line.ts'

/** Brings together what a node runs, makes the UKI of it, and writes payload.json. */
export const makePayload: Executors['payload'] = async (step, context) => {
  const { inputs, out } = context
  const { identity, name, epoch } = step.params
  const { rootHash, hashOffset } = inputs['root-image'].facts
  const { kernelVersion } = inputs.initramfs.facts
  await Promise.all([
    take(inputs['root-image'].folder, out, 'root.img'),
    take(inputs.initramfs.folder, out, 'initramfs'),
    take(inputs.initramfs.folder, out, 'kernel'),
    take(inputs.packages.folder, out, 'packages.json'),
  ])
  const cmdline = commandLine({ rootHash, hashOffset, added: step.params.cmdline })
  const sandbox = toolchainSandbox(inputs.toolchain, context.scratch, [
    { kind: 'bind', source: out, target: '/run/work/out' },
    { kind: 'bind-ro', source: inputs.validate.folder, target: '/run/work/image' },
  ])
  await runInSandbox(
    sandbox,
    ukiArguments({
      arch: efiArchitecture(identity.arch),
      kernel: '/run/work/out/kernel',
      kernelVersion,
      initramfs: '/run/work/out/initramfs',
      cmdline,
      osRelease: '/run/work/image/picked/usr/lib/os-release',
      target: '/run/work/out/boot.efi',
    }),
    { env: { SOURCE_DATE_EPOCH: String(epoch) }, onLine: context.line, signal: context.signal },
  )
  const describe = async (file: string) => {
    const path = join(out, file)
    return { file, digest: await prefixedFileDigest(path), size: (await stat(path)).size }
  }
  const { flavor, flavorRelease, variant, arch, device, version } = identity
  const payload: Payload = {
    schema: 'kiln.payload/v1',
    image: { name, flavor, flavorRelease, variant, arch, device, version },
    root: { ...(await describe('root.img')), hashOffset, rootHash },
    uki: await describe('boot.efi'),
    kernel: { ...(await describe('kernel')), version: kernelVersion },
    initramfs: await describe('initramfs'),
    packages: { ...(await describe('packages.json')), count: inputs.packages.facts.count },
    cmdline,
    agent: { version: inputs.agent.facts.version, digest: inputs.agent.facts.digest },
  }
  const text = `${JSON.stringify(payload, undefined, 2)}\n`
  await writeFile(join(out, 'payload.json'), text)
  for (const file of ['root.img', 'initramfs', 'kernel', 'packages.json', 'boot.efi', 'payload.json']) {
    await utimes(join(out, file), epoch, epoch)
  }
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return { digest, facts: { digest } }
}

/** A copy, not a second name: what happens to one result must not happen to another. */
async function take(from: string, to: string, file: string): Promise<void> {
  await copyFile(join(from, file), join(to, file), constants.COPYFILE_FICLONE)
}

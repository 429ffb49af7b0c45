import { constants, copyFile, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Payload } from '@kiln/contract'
import { hexOf, prefixedFileDigest, sha256Digest } from '../resolve/digest.ts'
import type { Executors } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { ukiArguments } from '../tools/ukify.ts'
import { bootLoaderFiles, installedBootLoaderFiles } from './boot-loader.ts'
import { commandLine } from './command-line.ts'
import { rootImageFile } from './root-image.ts'
import { requireBudget } from './uki-budget.ts'

/**
 * Makes the UKI and payload.json, and brings together what a node runs beside its root image. That one is not copied: its
 * card says what it is, and carriers take it from where it was made.
 */
export const makePayload: Executors['payload'] = async (step, context) => {
  const { inputs, out } = context
  const { identity, name, epoch } = step.params
  const loaderFiles = installedBootLoaderFiles(identity.arch)
  const { rootHash, hashOffset, ...rootImage } = inputs['root-image'].facts
  const { kernelVersion } = inputs.initramfs.facts
  await Promise.all([
    take(inputs.initramfs.folder, out, 'initramfs'),
    take(inputs.initramfs.folder, out, 'kernel'),
    take(inputs.packages.folder, out, 'packages.json'),
    ...loaderFiles.map((file) => take(inputs['boot-loader'].folder, out, file)),
  ])
  const cmdline = commandLine({
    arch: identity.arch,
    serial: step.params.serial,
    rootHash,
    hashOffset,
    added: step.params.cmdline,
  })
  const sandbox = toolchainSandbox(inputs.toolchain, context.scratch, [
    { kind: 'bind', source: out, target: '/run/work/out' },
    { kind: 'bind-ro', source: inputs.validate.folder, target: '/run/work/image' },
    { kind: 'bind-ro', source: inputs['boot-loader'].folder, target: '/run/work/boot-loader' },
  ])
  await runInSandbox(
    sandbox,
    ukiArguments({
      arch: identity.arch,
      stub: `/run/work/boot-loader/${bootLoaderFiles.stub}`,
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
  const uki = await describe('boot.efi')
  const [kernel, initramfs] = [await describe('kernel'), await describe('initramfs')]
  requireBudget(uki.size, step.params.ukiBudget, { kernel, initramfs })
  const loaders = await Promise.all(loaderFiles.map(describe))
  const { flavor, flavorRelease, variant, arch, device, version } = identity
  const payload: Payload = {
    schema: 'kiln.payload/v1',
    image: { name, flavor, flavorRelease, variant, arch, device, version },
    root: { file: rootImageFile, ...rootImage, hashOffset, rootHash },
    uki,
    kernel: { ...kernel, version: kernelVersion },
    initramfs,
    packages: { ...(await describe('packages.json')), count: inputs.packages.facts.count },
    bootLoader: { version: inputs['boot-loader'].facts.version, files: loaders },
    cmdline,
    agent: { version: inputs.agent.facts.version, digest: inputs.agent.facts.digest },
  }
  const text = `${JSON.stringify(payload, undefined, 2)}\n`
  await writeFile(join(out, 'payload.json'), text)
  for (const file of await readdir(out)) await utimes(join(out, file), epoch, epoch)
  const digest = sha256Digest(text)
  const fileDigests = Object.fromEntries(
    [payload.uki, payload.kernel, payload.initramfs].map((part) => [part.file, hexOf(part.digest)]),
  )
  return { digest, facts: { digest }, fileDigests }
}

/** A copy, not a second name: what happens to one result must not happen to another. */
async function take(from: string, to: string, file: string): Promise<void> {
  await copyFile(join(from, file), join(to, file), constants.COPYFILE_FICLONE)
}

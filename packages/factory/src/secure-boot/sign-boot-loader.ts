import { constants, copyFile, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { bootLoaderFiles } from '../payload/boot-loader.ts'
import type { StepKinds } from '../plan/step.ts'
import type { Executors, StepContext } from '../run/engine.ts'
import { outPlace, type Signer, signProgram } from './sign-program.ts'

export interface SigningSecrets {
  /** Opens the private keys, where they are encrypted. */
  readonly password?: string | undefined
}

type SigningKind = 'signed-boot-loader' | 'signed-payload'

export function signerFor<K extends SigningKind>(
  { signing, epoch }: Pick<StepKinds[K]['params'], 'signing' | 'epoch'>,
  { inputs, out, scratch, line, signal }: StepContext<K>,
  { password }: SigningSecrets,
): Signer {
  const tools = (inputs as { readonly toolchain: { readonly folder: string } }).toolchain
  const mounts = [{ kind: 'bind', source: out, target: outPlace }] as const
  return { signing, password, epoch, run: { tools, scratch, signal, onLine: line, mounts } }
}

/** The boot loaders, with those signed that UEFI starts: systemd-boot, and the addon of live media. */
export function bootLoaderSigner(secrets: SigningSecrets): Executors['signed-boot-loader'] {
  return async ({ params }, context) => {
    const { inputs, out } = context
    const { folder, facts } = inputs['boot-loader']
    for (const file of await readdir(folder))
      await copyFile(join(folder, file), join(out, file), constants.COPYFILE_FICLONE)
    const signer = signerFor(params, context, secrets)
    for (const file of [bootLoaderFiles.efi, bootLoaderFiles.liveAddon]) await signProgram(out, file, signer)
    for (const file of await readdir(out)) await utimes(join(out, file), params.epoch, params.epoch)
    return { facts }
  }
}

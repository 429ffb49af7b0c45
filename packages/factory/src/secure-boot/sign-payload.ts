import { constants, copyFile, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, KilnError, Payload } from '@kiln/contract'
import { bootLoaderFiles } from '../payload/boot-loader.ts'
import { requireBudget } from '../payload/uki-budget.ts'
import { prefixedFileDigest, sha256Digest } from '../resolve/digest.ts'
import type { Executors } from '../run/engine.ts'
import { measuredUkiArguments } from '../tools/ukify.ts'
import { readPe } from '../verify/pe.ts'
import { keyFiles } from './key-folder.ts'
import { type SigningSecrets, signerFor } from './sign-boot-loader.ts'
import { outPlace, type Signer, signProgram } from './sign-program.ts'
import { openedKey, runWithKey } from './tools.ts'

const ukiFile = 'boot.efi'

/**
 * A payload with its UKI signed, and the signed boot loader. What is not signed stays as it was, and the card says what was
 * signed and what it was before: the payload without signatures is the same whoever signs.
 */
export function payloadSigner(secrets: SigningSecrets): Executors['signed-payload'] {
  return async ({ params }, context) => {
    const { inputs, out } = context
    const { folder } = inputs.payload
    const cardText = await readFile(join(folder, 'payload.json'))
    const card = Payload.parse(JSON.parse(cardText.toString('utf8')))
    for (const file of await readdir(folder))
      await copyFile(join(folder, file), join(out, file), constants.COPYFILE_FICLONE)
    await copyFile(join(inputs['boot-loader'].folder, bootLoaderFiles.efi), join(out, bootLoaderFiles.efi))
    const signer = signerFor(params, context, secrets)
    if (params.signing.pcr)
      await measureUki(out, card, join(inputs['boot-loader'].folder, bootLoaderFiles.stub), signer)
    await signProgram(out, ukiFile, signer)
    requireBudget((await stat(join(out, ukiFile))).size, params.ukiBudget, card)
    const signed = await signedCard(out, card, cardText, signer)
    const text = `${JSON.stringify(signed, undefined, 2)}\n`
    await writeFile(join(out, 'payload.json'), text)
    for (const file of await readdir(out)) await utimes(join(out, file), params.epoch, params.epoch)
    const digest = sha256Digest(text)
    return { digest, facts: { digest } }
  }
}

/** Makes the UKI again, with a signed policy for the states that PCR 11 has with it. All else in it stays the same. */
async function measureUki(out: string, card: Payload, stub: string, signer: Signer): Promise<void> {
  const before = readPe(await readFile(join(out, ukiFile)))
  await writeFile(join(out, 'os-release'), before.sections.get('.osrel') ?? '')
  const { folder } = signer.signing.keys
  const [publicPlace, stubPlace] = ['/run/work/pcr-public.pem', '/run/work/linux.efi.stub']
  const { run } = signer
  const mounts = [
    ...run.mounts,
    { kind: 'file-ro', source: join(folder, keyFiles.pcrPublic), target: publicPlace } as const,
    { kind: 'file-ro', source: stub, target: stubPlace } as const,
  ]
  const options = {
    arch: card.image.arch as Architecture,
    stub: stubPlace,
    kernel: `${outPlace}/${card.kernel.file}`,
    kernelVersion: card.kernel.version,
    initramfs: `${outPlace}/${card.initramfs.file}`,
    cmdline: card.cmdline,
    osRelease: `${outPlace}/os-release`,
    target: `${outPlace}/measured.efi`,
    pcr: { privateKey: openedKey, publicKey: publicPlace },
  }
  const key = { file: join(folder, keyFiles.pcrPrivate), password: signer.password }
  const env = { SOURCE_DATE_EPOCH: String(signer.epoch) }
  await runWithKey(key, measuredUkiArguments(options), { ...run, env, mounts })
  await rm(join(out, 'os-release'))
  await rename(join(out, 'measured.efi'), join(out, ukiFile))
  const after = readPe(await readFile(join(out, ukiFile)))
  const changed = [...before.sections].find(([name, content]) => !after.sections.get(name)?.equals(content))
  if (changed) throw new KilnError('E-BUG', `the UKI that is signed has another section ${changed[0]}`)
}

async function signedCard(
  out: string,
  card: Payload,
  cardText: Buffer,
  { signing }: Signer,
): Promise<Payload> {
  const describe = async (file: string) => {
    const path = join(out, file)
    return { file, digest: await prefixedFileDigest(path), size: (await stat(path)).size }
  }
  const { efi } = bootLoaderFiles
  const loader = card.bootLoader.files.find(({ file }) => file === efi)
  const { agent, ...rest } = card
  return {
    ...rest,
    uki: await describe(ukiFile),
    bootLoader: {
      ...card.bootLoader,
      files: await Promise.all(card.bootLoader.files.map((file) => (file === loader ? describe(efi) : file))),
    },
    signed: {
      payload: sha256Digest(cardText),
      files: [card.uki, ...(loader ? [loader] : [])].map(({ file, digest }) => ({ file, digest })),
      certificate: signing.keys.digest,
      ...(signing.pcr ? { pcrKey: signing.pcr.digest } : {}),
    },
    agent,
  }
}

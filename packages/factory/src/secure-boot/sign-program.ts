import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { attachArguments, extractArguments, signArguments, signElsewhere } from '../tools/osslsigncode.ts'
import { isThere, keyFiles } from './key-folder.ts'
import type { Signing } from './resolve.ts'
import { openedKey, runSigningTool, runWithKey, type SigningRun } from './tools.ts'

/** Signing with the keys of a folder, in the sandbox of a step. */
export interface Signer {
  readonly signing: Signing
  readonly password: string | undefined
  /** Seconds since 1970: when everything counts as signed, so that the same key gives the same bytes. */
  readonly epoch: number
  /** Its mounts have the folder of the results at `out`. */
  readonly run: SigningRun
}

/** Where the tools see the folder with the programs. */
export const outPlace = '/run/work/out'
const certificatePlace = '/run/work/db.pem'

/**
 * Signs a program in the folder of the results, in its place; then another program looks at the signature. Where the key is not
 * in the folder of keys, the signature is taken from there that somebody made of the extract.
 * @throws KilnError E-KEYS-PASSWORD, E-SIGNATURE-WANTED with the command for the machine that has the key
 */
export async function signProgram(out: string, file: string, signer: Signer): Promise<void> {
  const { signing, password, epoch, run } = signer
  const { folder } = signing.keys
  const mounts = [
    ...run.mounts,
    { kind: 'file-ro', source: join(folder, 'db.pem'), target: certificatePlace } as const,
  ]
  const inner = { ...run, mounts }
  const [source, target] = [`${outPlace}/${file}`, `${outPlace}/${file}.signed`]
  if (isThere(folder, 'db.key')) {
    const key = { file: join(folder, 'db.key'), password }
    const options = { certificate: certificatePlace, key: openedKey, epoch, source, target }
    await runWithKey(key, signArguments(options), inner)
  } else {
    await attachSignature(out, file, folder, inner)
  }
  await runSigningTool(['sbverify', '--cert', certificatePlace, target], inner)
  await copyFile(`${out}/${file}.signed`, join(out, file))
  await rm(`${out}/${file}.signed`)
}

async function attachSignature(out: string, file: string, folder: string, run: SigningRun): Promise<void> {
  const extract = `${file}.extract`
  await runSigningTool(extractArguments(`${outPlace}/${file}`, `${outPlace}/${extract}`), run)
  const content = await readFile(join(out, extract))
  const name = `${file}-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`
  const signature = join(folder, keyFiles.signatures, `${name}.p7`)
  if (!isThere(folder, keyFiles.signatures, `${name}.p7`)) {
    await mkdir(join(folder, keyFiles.toSign), { recursive: true })
    await copyFile(join(out, extract), join(folder, keyFiles.toSign, `${name}.tosign`))
    throw new KilnError('E-SIGNATURE-WANTED', `${file} waits to be signed: db.key is not in ${folder}`, {
      place: { file: join(folder, keyFiles.toSign, `${name}.tosign`) },
      hint: `${signElsewhere(`${keyFiles.toSign}/${name}.tosign`, `${keyFiles.signatures}/${name}.p7`)}, then build again`,
    })
  }
  const place = '/run/work/signature.p7'
  await runSigningTool(
    attachArguments({
      signature: place,
      certificate: certificatePlace,
      source: `${outPlace}/${file}`,
      target: `${outPlace}/${file}.signed`,
    }),
    {
      ...run,
      mounts: [...run.mounts, { kind: 'file-ro', source: signature, target: place }],
      explain: () =>
        new KilnError('E-KEYS-UNUSABLE', `${signature} is no signature of db over ${file}`, {
          place: { file: signature },
          hint: 'sign the extract again with the key that db.pem belongs to',
        }),
    },
  )
  await rm(join(out, extract))
}

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { requireFile } from '../verify/verify.ts'
import { writeWhole } from '../write-whole.ts'
import { type AttestationKind, attestation, attestationKinds } from './attest.ts'
import { bundleSuffix, signedBundle } from './bundle.ts'
import type { NamedKey } from './keys.ts'

export interface SignedFile {
  readonly file: string
  readonly bundle: string
}

/**
 * Signs files, each with a bundle beside it. Of a folder, all files directly in it but the bundles.
 * @throws KilnError E-ARTIFACT-MISSING before anything is signed
 */
export async function signFiles(paths: readonly string[], key: NamedKey): Promise<SignedFile[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat()
  const signed: SignedFile[] = []
  for (const file of files) {
    const bundle = `${file}${bundleSuffix}`
    await writeWhole(bundle, await signedBundle(file, key))
    signed.push({ file, bundle })
  }
  return signed
}

/**
 * Attests the same of files, each with a bundle beside it.
 * @throws KilnError E-ARTIFACT-MISSING before anything is attested
 */
export async function attestFiles(
  files: readonly string[],
  claim: { readonly kind: AttestationKind; readonly predicate: unknown },
  key: NamedKey,
): Promise<SignedFile[]> {
  for (const file of files) await requireFile(file)
  const attested: SignedFile[] = []
  for (const file of files) {
    const bundle = `${file}${attestationKinds[claim.kind].suffix}`
    await writeWhole(bundle, await attestation(file, claim, key))
    attested.push({ file, bundle })
  }
  return attested
}

/** @throws KilnError E-ARTIFACT-MISSING, E-CONFIG-SYNTAX */
export async function readPredicate(file: string): Promise<unknown> {
  await requireFile(file)
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new KilnError('E-CONFIG-SYNTAX', `${file} is no JSON: ${(cause as Error).message}`, {
      place: { file },
      hint: 'a predicate is a JSON document, such as an SBOM that "kiln build" writes',
      cause,
    })
  }
}

/** Signatures and attestations are signed themselves. */
function isBundle(name: string): boolean {
  const suffixes = [bundleSuffix, ...Object.values(attestationKinds).map(({ suffix }) => suffix)]
  return suffixes.some((suffix) => name.endsWith(suffix))
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) {
    throw new KilnError('E-ARTIFACT-MISSING', `${path} is not there`, {
      place: { file: path },
      hint: '"kiln build" makes artifacts and prints their paths',
    })
  }
  if (!found.isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !isBundle(entry.name) && !entry.name.endsWith('.part'))
    .map(({ name }) => join(path, name))
    .sort()
}

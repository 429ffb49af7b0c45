import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { SecureBootDefinition } from '@kiln/contract/definition'
import { daysLeft, refuseExpired } from './expiry.ts'
import { certificateDigest, isThere, keyFiles, publicKeyDigest, readCertificate } from './key-folder.ts'

/** Who signs. Plain data, without secrets: it goes into content keys. */
export interface Signing {
  /** Folder of the keys, by the certificate that signs. */
  readonly keys: { readonly folder: string; readonly digest: string }
  /** Where states of PCR 11 are signed. */
  readonly pcr?: { readonly folder: string; readonly digest: string }
}

/** What a carrier puts beside the boot loader, for machines in setup mode. */
export interface Enrolment {
  readonly mode: SecureBootDefinition['enrol']
  /** Folder with the updates; the digest is of those alone. */
  readonly keys: { readonly folder: string; readonly digest: string }
}

export interface ResolvedSecureBoot {
  readonly signing: Signing
  readonly enrolment: Enrolment
  /** Until the certificate ends. */
  readonly daysLeft: number
}

/** The updates of firmware variables, in the order in which a boot loader takes them; dbx may be missing. */
export const enrolled = ['db.auth', 'dbx.auth', 'KEK.auth', 'PK.auth'] as const

/** @throws KilnError E-KEYS-MISSING, E-KEYS-UNUSABLE, E-KEYS-EXPIRED */
export async function resolveSecureBoot(
  folder: string,
  definition: SecureBootDefinition,
  now: Date,
): Promise<ResolvedSecureBoot> {
  const certificateFile = join(folder, 'db.pem')
  const certificate = readCertificate(certificateFile)
  const days = daysLeft(certificate, now)
  if (!definition['allow-expired']) refuseExpired(certificateFile, days)
  const measured = definition['measured-boot']
  const pcrDigest = measured ? publicKeyDigest(join(folder, keyFiles.pcrPublic)) : undefined
  return {
    signing: {
      keys: { folder, digest: certificateDigest(certificate) },
      ...(pcrDigest === undefined ? {} : { pcr: { folder, digest: pcrDigest } }),
    },
    enrolment: { mode: definition.enrol, keys: { folder, digest: await updatesDigest(folder) } },
    daysLeft: days,
  }
}

async function updatesDigest(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of enrolled) {
    if (!isThere(folder, name) && name === 'dbx.auth') continue
    hash.update(`${name}\0`).update(await readUpdate(join(folder, name)))
  }
  return `sha256:${hash.digest('hex')}`
}

/** An update that still waits to be signed elsewhere is not there. */
async function readUpdate(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: Error) => {
    throw new KilnError('E-KEYS-MISSING', `${file} is not there`, {
      place: { file },
      cause,
      hint: 'kiln keys check says what waits to be signed elsewhere; kiln keys complete takes it in',
    })
  })
}

import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { daysLeft, expiryText } from './expiry.ts'
import {
  certificateDigest,
  isThere,
  keyFiles,
  publicKeyDigest,
  readCertificate,
  readKeyCard,
  roles,
} from './key-folder.ts'
import { waitingVariables } from './variables.ts'

export interface CheckedKey {
  readonly role: 'PK' | 'KEK' | 'db' | 'pcr'
  /** SHA-256 of the certificate, or of the public key, in DER. */
  readonly digest: string
  /** Missing where there is no certificate that could end. */
  readonly daysLeft?: number
  /** Whether the private key is in the folder, or elsewhere. */
  readonly hasPrivateKey: boolean
}

export interface KeyCheck {
  readonly name: string
  readonly keys: readonly CheckedKey[]
  /** Variables whose updates wait to be signed elsewhere. */
  readonly waiting: readonly string[]
}

/** Looks at a folder of keys. Opens no private key. @throws KilnError E-KEYS-MISSING, E-KEYS-UNUSABLE */
export async function checkKeys(folder: string, now: Date): Promise<KeyCheck> {
  const { name } = readKeyCard(folder)
  const certificates = roles.map((role): CheckedKey => {
    const certificate = readCertificate(join(folder, `${role}.pem`))
    return {
      role,
      digest: certificateDigest(certificate),
      daysLeft: daysLeft(certificate, now),
      hasPrivateKey: isThere(folder, `${role}.key`),
    }
  })
  const pcr: CheckedKey = {
    role: 'pcr',
    digest: publicKeyDigest(join(folder, keyFiles.pcrPublic)),
    hasPrivateKey: isThere(folder, keyFiles.pcrPrivate),
  }
  return { name, keys: [...certificates, pcr], waiting: await waitingVariables(folder) }
}

/** The alarm: undefined where every certificate has more days left. */
export function expiryError({ keys }: KeyCheck, folder: string, within: number): KilnError | undefined {
  const ending = keys.filter((key) => key.daysLeft !== undefined && key.daysLeft < within)
  if (ending.length === 0) return undefined
  const list = ending.map(({ role, daysLeft = 0 }) => `${role} ${expiryText(daysLeft)}`).join(', ')
  return new KilnError('E-KEYS-EXPIRED', `in ${folder}: ${list}`, {
    place: { file: folder },
    hint: `kiln keys rotate ${ending.at(-1)?.role} ${folder}`,
  })
}

import { join } from 'node:path'
import type { Emit } from '../events.ts'
import { expiryText, warnDays } from './expiry.ts'
import { checkPrivateKey, isThere, keyFiles } from './key-folder.ts'
import type { ResolvedSecureBoot } from './resolve.ts'

interface KeyOptions {
  /** Opens the private keys, where they are encrypted. */
  readonly keysPassword?: string | undefined
  readonly emit: Emit
}

/** What is wrong with the keys shows before anything is built. */
export function requireKeys({ signing, daysLeft }: ResolvedSecureBoot, options: KeyOptions): void {
  const { keysPassword, emit } = options
  const { folder } = signing.keys
  const pairs: [string, string][] = [
    ...(isThere(folder, 'db.key') ? ([['db.key', 'db.pem']] as [string, string][]) : []),
    ...(signing.pcr ? ([[keyFiles.pcrPrivate, keyFiles.pcrPublic]] as [string, string][]) : []),
  ]
  for (const [key, other] of pairs) checkPrivateKey(join(folder, key), join(folder, other), keysPassword)
  if (daysLeft > warnDays) return
  const message = `E-KEYS-EXPIRED: the certificate ${join(folder, 'db.pem')} ${expiryText(daysLeft)}: kiln keys rotate db`
  emit({ event: 'notice', level: 'warning', message })
}

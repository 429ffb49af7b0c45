import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { removeTree } from '../run/remove-tree.ts'
import { type ToolOptions, toolRootFor } from '../toolchain/tool-root.ts'
import { checkPrivateKey, isThere, keyFiles, readKeyCard, roles } from './key-folder.ts'
import type { KeyWork } from './variables.ts'

export { completeKeys, revoke, rotateKey } from './change.ts'
export { checkKeys, expiryError, type KeyCheck } from './check.ts'
export { expiryText, warnDays } from './expiry.ts'
export { generateKeys } from './generate.ts'
export { readKeysPassword } from './password.ts'
export type { HandOver, KeyWork } from './variables.ts'

export interface KeyWorkOptions extends ToolOptions {
  readonly folder: string
  readonly password: string | undefined
}

/** Does work on a folder of keys, with the signing tools; these are made where the cache does not have them. */
export async function withKeyWork<T>(
  options: KeyWorkOptions,
  work: (context: KeyWork) => Promise<T>,
): Promise<T> {
  const tools = await toolRootFor('signing-tools', options)
  const scratch = await mkdtemp(join(tmpdir(), 'kiln-keys-'))
  const { password, signal } = options
  try {
    return await work({ folder: resolve(options.folder), tools, scratch, password, now: new Date(), signal })
  } finally {
    await removeTree(scratch)
  }
}

/**
 * Whether the password opens all private keys that are there, before any of them is changed.
 * @throws KilnError E-KEYS-MISSING, E-KEYS-PASSWORD, E-KEYS-UNUSABLE
 */
export function requirePassword(folder: string, password: string | undefined): void {
  readKeyCard(folder)
  const pairs = [
    ...roles.map((role) => [`${role}.key`, `${role}.pem`] as const),
    [keyFiles.pcrPrivate, keyFiles.pcrPublic] as const,
  ]
  for (const [key, other] of pairs.filter(([file]) => isThere(folder, file)))
    checkPrivateKey(join(folder, key), join(folder, other), password)
}

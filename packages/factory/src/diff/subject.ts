import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Described, KilnError, Payload, parseOrThrow, parsePackages, payloadCard } from '@kiln/contract'
import { lockFileName, readLock } from '../lock/file.ts'
import type { Lock } from '../lock/lock.ts'
import { diffLocks, type LockDiff } from './lock-diff.ts'
import { diffPayloads, type PayloadDiff } from './payload-diff.ts'

export type Diff = LockDiff | PayloadDiff

type Subject =
  | { readonly kind: 'lock'; readonly lock: Lock }
  | { readonly kind: 'payload'; readonly described: Described }

/**
 * Compares two locks or two payloads: each a file, or the folder that has it.
 * @throws KilnError E-CONFIG-*, E-PAYLOAD-MISSING, E-USAGE where they are of two kinds
 */
export async function diff(from: string, to: string): Promise<Diff> {
  const [a, b] = await Promise.all([readSubject(from), readSubject(to)])
  if (a.kind === 'lock' && b.kind === 'lock') return diffLocks(a.lock, b.lock)
  if (a.kind === 'payload' && b.kind === 'payload') return diffPayloads(a.described, b.described)
  throw new KilnError('E-USAGE', `a lock and a payload cannot be compared: ${from}, ${to}`, {
    hint: 'name two locks, or two payloads',
  })
}

async function readSubject(path: string): Promise<Subject> {
  const facts = await stat(path).catch(() => undefined)
  if (facts?.isDirectory()) {
    const card = join(path, payloadCard)
    const hasCard = await stat(card).catch(() => undefined)
    return hasCard ? readPayload(card) : readLockSubject(join(path, lockFileName))
  }
  return path.endsWith('.json') ? readPayload(path) : readLockSubject(path)
}

async function readLockSubject(file: string): Promise<Subject> {
  const lock = await readLock(file)
  if (lock) return { kind: 'lock', lock }
  throw new KilnError(
    'E-PAYLOAD-MISSING',
    `${dirname(file)} has neither ${payloadCard} nor ${lockFileName}`,
    {
      hint: 'name a kiln.lock, or the folder of a payload: kiln build --payload, kiln pull',
    },
  )
}

async function readPayload(file: string): Promise<Subject> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${cause.message}`, {
      place: { file },
      cause,
    })
  })
  const payload = parseOrThrow(Payload, text, file).value
  const list = await readFile(join(dirname(file), payload.packages.file), 'utf8').catch(() => '')
  return { kind: 'payload', described: { payload, packages: parsePackages(list) } }
}

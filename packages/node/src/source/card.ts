import { Payload, payloadCard } from '@kiln/contract'
import * as z from 'zod/mini'
import { SourceError } from './error.ts'

/** A file that a payload is made of. */
export interface PayloadFile {
  readonly file: string
  /** `sha256:<64 hex>` */
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/**
 * Reads payload.json. What a later version adds to it is left out; what this program needs must be there.
 * @param name where it is from, for messages
 * @throws SourceError bad-payload
 */
export function parseCard(text: string, name: string): Payload {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    throw new SourceError('bad-payload', `${name}: ${payloadCard} is not JSON`, cause)
  }
  const result = z.safeParse(Payload, data)
  const payload = result.success ? result.data : withoutUnknownKeys(data, result.error.issues)
  if (payload === undefined) {
    const issue = result.error?.issues.find(({ code }) => code !== 'unrecognized_keys')
    const where = issue ? `${issue.path.join('.')}: ${issue.message}` : 'it has another form'
    throw new SourceError('bad-payload', `${name}: ${payloadCard} is not understood: ${where}`)
  }
  requirePlain(payload, name)
  return payload
}

function withoutUnknownKeys(data: unknown, issues: readonly z.core.$ZodIssue[]): Payload | undefined {
  const copy = JSON.parse(JSON.stringify(data)) as unknown
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') return undefined
    const holder = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown>)[key],
      copy,
    ) as Record<string, unknown>
    for (const key of issue.keys) delete holder[key]
  }
  const result = z.safeParse(Payload, copy)
  return result.success ? result.data : undefined
}

/** All files but the card itself, as it lists them. */
export function filesOf({ root, uki, kernel, initramfs, packages, bootLoader }: Payload): PayloadFile[] {
  return [uki, kernel, initramfs, packages, ...bootLoader.files, root].map(({ file, digest, size }) => ({
    file,
    digest,
    size,
  }))
}

/** Names become paths below a slot, and values words in commands: a card from elsewhere may hold anything. */
function requirePlain(payload: Payload, name: string): void {
  const strange = filesOf(payload).find(
    ({ file, digest, size }) =>
      !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(file) ||
      file === payloadCard ||
      !/^sha256:[0-9a-f]{64}$/.test(digest) ||
      !Number.isSafeInteger(size) ||
      size < 0,
  )
  if (strange)
    throw new SourceError('bad-payload', `${name}: ${payloadCard} names a strange file: ${strange.file}`)
  if (!/^[0-9a-f]{64}$/.test(payload.root.rootHash)) {
    throw new SourceError('bad-payload', `${name}: ${payloadCard} has no root hash`)
  }
}

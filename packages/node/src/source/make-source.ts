import { payloadCard } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { fileDigest } from '../host/sha256sum.ts'
import { statIfThere } from '../host/tree.ts'
import { filesOf, type PayloadFile, parseCard } from './card.ts'
import { SourceError } from './error.ts'
import type { Description, PayloadSource, Progress } from './source.ts'

/** What one kind of source does by itself. */
export interface Reader {
  /** Text of payload.json, and the digest of its bytes. */
  card(): { readonly text: string; readonly digest: string }
  /** Brings a file to its digest, from what it has already; at the end the digest has been checked. */
  bring(wanted: PayloadFile, file: string, progress: Progress): void
}

/** @param reference as shown to people */
export function makeSource(host: Host, reference: string, reader: Reader): PayloadSource {
  let known: (Description & { readonly text: string }) | undefined
  const described = () => {
    if (!known) {
      const { text, digest } = reader.card()
      known = { payload: parseCard(text, reference), digest, text }
    }
    return known
  }
  return {
    reference,
    describe() {
      const { payload, digest } = described()
      return { payload, digest }
    },
    fetch(file, target, progress) {
      const { payload, digest, text } = described()
      if (file === payloadCard) return writeCard(host, { text, digest, target, reference })
      const wanted = filesOf(payload).find((entry) => entry.file === file)
      if (!wanted) throw new SourceError('not-found', `${reference}: the payload has no file ${file}`)
      if (hasContent(host, target, wanted)) return progress(wanted.size, wanted.size)
      const partial = `${target}.partial`
      reader.bring(wanted, partial, progress)
      host.rename(partial, target)
    },
  }
}

export function hasContent(host: Host, path: string, { size, digest }: PayloadFile): boolean {
  return statIfThere(host, path)?.size === size && fileDigest(host, path) === digest
}

interface CardCopy {
  readonly text: string
  readonly digest: string
  readonly target: string
  readonly reference: string
}

function writeCard(host: Host, { text, digest, target, reference }: CardCopy): void {
  host.writeAtomic(target, text)
  // Bytes that are no text would have been replaced on the way.
  if (fileDigest(host, target) === digest) return
  host.remove(target)
  throw new SourceError('bad-payload', `${reference}: ${payloadCard} is not UTF-8 text`)
}

import type { Host } from '../host/host.ts'
import { fileDigest } from '../host/sha256sum.ts'
import { withWorkFolder } from '../host/work-folder.ts'
import { type CurlResult, curl, isPassing } from './curl.ts'
import type { CurlPatience, CurlRequest } from './curl-config.ts'
import { SourceError } from './error.ts'

/** How much is put up with. */
export interface Patience extends CurlPatience {
  /** How often something is tried that brings nothing. */
  readonly tries: number
  /** Milliseconds before the second try; doubled each time. */
  readonly pause: number
  /** Milliseconds; longest pause, also where a server asks for more. */
  readonly longestPause: number
}

export const usualPatience: Patience = { connect: 15, stall: 30, tries: 5, pause: 500, longestPause: 30_000 }

/** What requests need beside themselves. */
export interface Wire {
  readonly host: Host
  /** Folder in memory, for headers and small answers; made where it is missing. */
  readonly work: string
  readonly patience: Patience
}

export type Question = Omit<CurlRequest, 'output' | 'headerFile' | 'patience'>

export interface SmallAnswer {
  readonly status: number
  header(name: string): string[]
  readonly text: string
  /** Of the body, to the byte. Only while the answer is being used. */
  digest(): string
}

/** Manifests and tokens are small; nobody gets to fill our memory. */
const largestAnswer = 8 * 1024 * 1024

/**
 * Asks for something small. Tries again where that may help. Any HTTP status is an answer.
 * @param name of what is asked for, for messages
 * @param use what to do with the answer, while its body is there
 * @throws SourceError unreachable, untrusted, insecure, truncated …
 */
export function ask<T>(wire: Wire, question: Question, name: string, use: (answer: SmallAnswer) => T): T {
  return withFolder(wire, (folder) => {
    const file = `${folder}/body`
    const request = {
      largest: largestAnswer,
      ...question,
      output: file,
      headerFile: `${folder}/headers`,
      patience: wire.patience,
    }
    for (let attempt = 1; ; attempt++) {
      // curl leaves an old file alone where an answer has no body.
      wire.host.write(file, '')
      const result = curl(wire.host, request)
      const last = attempt >= wire.patience.tries
      if (result.ok && (last || !isPassing(result.answer.status))) {
        const digest = () => fileDigest(wire.host, file)
        return use({ ...result.answer, text: wire.host.readText(file), digest })
      }
      if (!result.ok && (last || !result.failure.passing)) throw failed(result, name)
      pause(wire, attempt, result)
    }
  })
}

export function failed(result: Extract<CurlResult, { ok: false }>, name: string): SourceError {
  const { reason, detail } = result.failure
  return new SourceError(reason, `${name}: ${detail}`)
}

/** Waits longer each time, or as long as the server asks for (Retry-After in seconds). */
export function pause({ host, patience }: Wire, attempt: number, result: CurlResult): void {
  const asked = result.ok ? Number(result.answer.header('retry-after')[0]) * 1000 : Number.NaN
  const usual = patience.pause * 2 ** (attempt - 1)
  host.sleep(Math.min(patience.longestPause, asked > 0 ? asked : usual))
}

/** A folder of one's own that is gone afterwards: answers may hold tokens. */
export function withFolder<T>({ host, work }: Wire, body: (folder: string) => T): T {
  return withWorkFolder(host, work, body)
}

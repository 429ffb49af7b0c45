import { parentOf } from '../host/durable.ts'
import { fileDigest } from '../host/sha256sum.ts'
import { statIfThere } from '../host/tree.ts'
import { type Answer, type CurlResult, curl, type Failure } from './curl.ts'
import { SourceError } from './error.ts'
import { failed, pause, type Question, type Wire, withFolder } from './wire.ts'

export interface Download {
  /** The request as it is to be made now: a token may have been renewed. */
  readonly question: () => Question
  /** The server lets us through. */
  readonly accepted?: () => void
  /** The server wants to know who asks. @returns whether it is worth asking again */
  readonly unauthorized?: (answer: Answer) => boolean
  readonly name: string
  /** Grows; what is there already is not asked for again. */
  readonly file: string
  /** Bytes. */
  readonly size: number
  readonly progress: (done: number, total: number) => void
}

/** So much has to come before a try counts as one that brought something. */
const worthwhile = 64 * 1024

/**
 * As {@link download}, and checks what came. What an earlier run left may be rubbish: then all of it is fetched once more.
 * @param digest `sha256:<64 hex>`
 * @throws SourceError as download; digest-mismatch, and then there is no file
 */
export function downloadExact(wire: Wire, request: Download, digest: string): void {
  const { file, name } = request
  const isContinued = sizeOf(wire, file) > 0
  const attempt = () => {
    download(wire, request)
    if (fileDigest(wire.host, file) === digest) return true
    wire.host.remove(file)
    return false
  }
  if (attempt() || (isContinued && attempt())) return
  throw new SourceError('digest-mismatch', `${name}: the bytes that came are not ${digest}`)
}

/**
 * Brings a file to its size, from where it ends. A connection that breaks is made again as long as each try brings
 * something. What is in the file is not looked at.
 * @throws SourceError truncated, unreachable, not-found, unauthorized, digest-mismatch, no-space …
 */
function download(wire: Wire, request: Download): void {
  const { file, size, progress } = request
  withFolder(wire, (folder) => {
    let fruitless = 0
    while (sizeOf(wire, file) !== size) fruitless = tryOnce(wire, request, `${folder}/headers`, fruitless)
  })
  progress(size, size)
}

/** @returns how many tries now brought nothing, one after another */
function tryOnce(wire: Wire, request: Download, headerFile: string, fruitlessBefore: number): number {
  const { file, size } = request
  if (sizeOf(wire, file) > size) wire.host.remove(file)
  const before = sizeOf(wire, file)
  const result = fetchRest(wire, request, before, headerFile)
  const gained = sizeOf(wire, file) - before
  if (gained > 0) request.accepted?.()
  if (before + gained === size) return 0
  // Who ends in good order before the end tells of another file. Nothing is built on that: it would all be fetched once more.
  if (result.ok && before + gained > 0) wire.host.remove(file)
  const fruitless = !result.ok && gained >= worthwhile ? 0 : fruitlessBefore + 1
  const error = verdict(wire, request, result, { before, last: fruitless >= wire.patience.tries })
  if (error) throw error
  if (fruitless > 0) pause(wire, fruitless, result)
  return fruitless
}

function fetchRest(wire: Wire, request: Download, start: number, headerFile: string): CurlResult {
  const { file, size, progress } = request
  return curl(
    wire.host,
    {
      ...request.question(),
      output: file,
      headerFile,
      resumeAt: start,
      largest: size - start,
      failOnError: true,
      patience: wire.patience,
    },
    () => progress(Math.min(size, sizeOf(wire, file)), size),
  )
}

interface Try {
  /** Bytes that were there before it. */
  readonly before: number
  readonly last: boolean
}

/** Why there is no use in another try, or nothing; then the file is such that the next try may begin. */
function verdict(
  wire: Wire,
  request: Download,
  result: CurlResult,
  { before, last }: Try,
): SourceError | undefined {
  const { file, name, size } = request
  if (result.ok) {
    const message = `${name}: the server sends less than the ${size} bytes that it should`
    return last ? new SourceError('truncated', message) : undefined
  }
  const { failure } = result
  if (!last && failure.status === 401 && request.unauthorized?.(failure)) return undefined
  const startAnew = before > 0 && (failure.cannotResume || failure.reason === 'digest-mismatch')
  if (!last && startAnew) {
    wire.host.remove(file)
    return undefined
  }
  if (!last && failure.passing) return undefined
  return explain(wire, request, failure) ?? failed(result, name)
}

const littleSpace = 1024 * 1024

function explain(
  { host }: Wire,
  { file, name, size }: Download,
  { status, reason }: Failure,
): SourceError | undefined {
  if (status === 401 || status === 403) {
    return new SourceError('unauthorized', `${name}: the server answers ${status}`)
  }
  if (status === 404 || status === 410) {
    return new SourceError('not-found', `${name}: the server does not have it`)
  }
  if (reason === 'digest-mismatch') {
    const message = `${name}: the server has more bytes than the ${size} that it should`
    return new SourceError('digest-mismatch', message)
  }
  if (reason !== 'no-space') return undefined
  const folder = parentOf(file)
  return host.statfs(folder).available < littleSpace
    ? new SourceError('no-space', `${name}: no space is left in ${folder}`)
    : new SourceError('unreadable', `${name}: ${file} cannot be written`)
}

function sizeOf({ host }: Wire, file: string): number {
  return statIfThere(host, file)?.size ?? 0
}

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { KilnError } from '@kiln/contract'
import { machineDebianSources } from '../tools/apt.ts'

/** A package archive in one state: what it signed at the moment of asking. */
export interface ResolvedArchive {
  readonly suites: readonly ResolvedSuite[]
  readonly keyring: { readonly file: string; readonly digest: string }
  /** Newest date of the suites, in seconds since 1970: the time of everything that is built from them. */
  readonly epoch: number
}

export interface ResolvedSuite {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** sha256 of the InRelease file. */
  readonly release: string
}

export interface ArchiveRequest {
  /** `trixie` */
  readonly suite: string
  readonly components: readonly string[]
  /** Mirror that the user named; then the security archive is not guessed, only `<suite>` and `-updates` are asked for. */
  readonly mirror: string | undefined
  readonly keyring: string
  /** How to get the keyring, where it is missing. */
  readonly keyringPackage: string
}

/**
 * Finds the archive and notes its state.
 * @throws KilnError E-KEYRING-MISSING, E-MIRROR-UNKNOWN, E-MIRROR-UNREACHABLE
 */
export async function resolveArchive(request: ArchiveRequest, signal: AbortSignal): Promise<ResolvedArchive> {
  const keyring = await readKeyring(request)
  const wanted = await wantedSuites(request, signal)
  const answers = await Promise.all(wanted.map((source) => readRelease(source, request, signal)))
  const suites = answers.filter((answer) => answer !== undefined)
  return {
    suites: suites.map(({ uri, suite, components, release }) => ({ uri, suite, components, release })),
    keyring,
    epoch: Math.max(...suites.map((suite) => suite.date)),
  }
}

async function readKeyring({ keyring, keyringPackage }: ArchiveRequest): Promise<ResolvedArchive['keyring']> {
  try {
    const digest = createHash('sha256')
      .update(await readFile(keyring))
      .digest('hex')
    return { file: keyring, digest }
  } catch (cause) {
    throw new KilnError('E-KEYRING-MISSING', `the keyring ${keyring} cannot be read`, {
      cause,
      hint: `apt-get install ${keyringPackage}, or name another one as "keyring" in kiln.yaml`,
    })
  }
}

interface WantedSuite {
  readonly uri: string
  readonly suite: string
  /** Not every mirror has it: sid has no updates. */
  readonly optional?: boolean
}

async function wantedSuites({ mirror, suite }: ArchiveRequest, signal: AbortSignal): Promise<WantedSuite[]> {
  if (mirror) {
    const uri = withSlash(mirror)
    return [
      { uri, suite },
      { uri, suite: `${suite}-updates`, optional: true },
    ]
  }
  const { codename, sources } = await machineDebianSources(signal)
  if (sources.length === 0) {
    throw new KilnError('E-MIRROR-UNKNOWN', 'this machine has no Debian archive in its apt configuration', {
      hint: 'name one as "mirror" in kiln.yaml',
    })
  }
  return sources.map((source) => ({
    uri: withSlash(source.uri),
    suite: source.suite.replace(codename, suite),
  }))
}

function withSlash(uri: string): string {
  return uri.endsWith('/') ? uri : `${uri}/`
}

async function readRelease(
  { uri, suite, optional }: WantedSuite,
  { components }: ArchiveRequest,
  signal: AbortSignal,
): Promise<(ResolvedSuite & { date: number }) | undefined> {
  const text = await download(`${uri}dists/${suite}/InRelease`, signal)
  if (text === undefined) {
    if (optional) return undefined
    throw new KilnError('E-MIRROR-UNREACHABLE', `${uri} has no suite ${suite} (404)`, {
      hint: 'check "mirror" and the release in kiln.yaml',
    })
  }
  const date = Date.parse(text.match(/^Date: (.+)$/m)?.[1] ?? '')
  if (Number.isNaN(date)) {
    throw new KilnError('E-MIRROR-UNREACHABLE', `${uri} does not answer as a Debian archive for ${suite}`, {
      hint: 'check "mirror" in kiln.yaml',
    })
  }
  const release = createHash('sha256').update(text).digest('hex')
  return { uri, suite, components, release, date: date / 1000 }
}

const attempts = 3
const answerWithinMs = 20_000

/** @returns undefined where the server says that there is no such file */
async function download(url: string, signal: AbortSignal): Promise<string | undefined> {
  let cause: unknown
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
      })
      if (response.ok) return await response.text()
      if (response.status === 404) return undefined
      cause = new Error(`${response.status} ${response.statusText}`)
      if (response.status < 500) break
    } catch (error) {
      signal.throwIfAborted()
      cause = error
    }
  }
  throw new KilnError('E-MIRROR-UNREACHABLE', `${url} cannot be fetched: ${reason(cause)}`, {
    cause,
    hint: 'check the network and "mirror" in kiln.yaml; running the same command again is safe',
  })
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}

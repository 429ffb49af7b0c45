import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { KilnError } from '@kiln/contract'
import { failureOf, httpGet } from '../pool/http.ts'
import { machineDebianSources } from '../tools/apt.ts'
import { signedDate } from '../tools/in-release.ts'

/** Where a package archive is, and who signs it. What it has, and when it was signed, is known once apt has checked it. */
export interface ResolvedArchive {
  readonly suites: readonly ResolvedSuite[]
  readonly keyring: Keyring
}

export interface ResolvedSuite {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
}

export interface Keyring {
  readonly file: string
  /** `sha256:<64 hex digits>` */
  readonly digest: string
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
 * Finds the suites that the archive has. Nothing of their content is taken from here: apt loads and checks them itself.
 * @throws KilnError E-KEYRING-MISSING, E-MIRROR-UNKNOWN, E-MIRROR-UNREACHABLE
 */
export async function resolveArchive(request: ArchiveRequest, signal: AbortSignal): Promise<ResolvedArchive> {
  const keyring = await readKeyring(request)
  const wanted = await wantedSuites(request, signal)
  const answers = await Promise.all(wanted.map((source) => findSuite(source, request, signal)))
  return { suites: answers.filter((answer) => answer !== undefined), keyring }
}

/** @throws KilnError E-KEYRING-MISSING */
export async function readKeyring({
  keyring,
  keyringPackage,
}: Pick<ArchiveRequest, 'keyring' | 'keyringPackage'>): Promise<Keyring> {
  try {
    const digest = createHash('sha256')
      .update(await readFile(keyring))
      .digest('hex')
    return { file: keyring, digest: `sha256:${digest}` }
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

async function findSuite(
  { uri, suite, optional }: WantedSuite,
  { components }: ArchiveRequest,
  signal: AbortSignal,
): Promise<ResolvedSuite | undefined> {
  const release = await download(`${uri}dists/${suite}/InRelease`, signal)
  if (release === undefined) {
    if (optional) return undefined
    throw new KilnError('E-MIRROR-UNREACHABLE', `${uri} has no suite ${suite} (404)`, {
      hint: 'check "mirror" and the release in kiln.yaml',
    })
  }
  if (signedDate(release) === undefined) {
    throw new KilnError('E-MIRROR-UNREACHABLE', `${uri} does not answer as a Debian archive for ${suite}`, {
      hint: 'check "mirror" in kiln.yaml',
    })
  }
  return { uri, suite, components }
}

const attempts = 3
const answerWithinMs = 20_000

/** @returns undefined where the server says that there is no such file */
async function download(url: string, signal: AbortSignal): Promise<string | undefined> {
  let cause: unknown
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const answer = await httpGet(url, AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]))
      const { statusCode = 0, statusMessage } = answer
      if (statusCode === 200) return await text(answer)
      answer.destroy()
      if (statusCode === 404) return undefined
      cause = new Error(`it answers ${statusCode} ${statusMessage}`)
      if (statusCode < 500) break
    } catch (error) {
      signal.throwIfAborted()
      cause = error
    }
  }
  const { reason, hint } = await failureOf(url, cause)
  throw new KilnError('E-MIRROR-UNREACHABLE', `${url} cannot be fetched: ${reason}`, { cause, hint })
}

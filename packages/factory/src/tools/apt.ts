import { readFile } from 'node:fs/promises'
import { run } from './process.ts'

/** One archive that the build machine itself is set up to use. */
export interface AptSource {
  /** Ends with a slash. */
  readonly uri: string
  /** As in the sources file: `bookworm`, `bookworm-security`. */
  readonly suite: string
}

/**
 * The Debian archives in the machine's own apt configuration; empty where the machine is no Debian.
 * Works before the first `apt-get update`, when apt does not know yet whose archive it is.
 */
export async function machineDebianSources(
  signal?: AbortSignal,
): Promise<{ codename: string; sources: AptSource[] }> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const codename = release.match(/^VERSION_CODENAME=(\S+)$/m)?.[1] ?? ''
  if (!/^ID=debian$/m.test(release) || codename === '') return { codename, sources: [] }
  const format = '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)'
  const { stdout } = await run('apt-get', ['indextargets', '--format', format], { signal })
  return { codename, sources: parseIndexTargets(stdout, codename) }
}

/** Keeps the entries of the machine's own release: those of other vendors carry other suite names. */
export function parseIndexTargets(output: string, codename: string): AptSource[] {
  const own = new Set([codename, `${codename}-updates`, `${codename}-security`, `${codename}/updates`])
  const sources = output.split('\n').flatMap((line) => {
    const [createdBy, uri, suite] = line.split('|')
    return createdBy === 'Packages' && uri && suite && own.has(suite) ? [{ uri, suite }] : []
  })
  return sources.filter(
    (source, index) =>
      sources.findIndex((other) => other.uri === source.uri && other.suite === source.suite) === index,
  )
}

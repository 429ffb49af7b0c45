import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { LockedPackage, SetRequest } from '../lock/lock.ts'
import type { ResolvedArchive } from '../resolve/archive.ts'
import { explainApt, unknownPackages } from './apt-complaints.ts'
import { aptProxies, proxyLines } from './apt-proxy.ts'
import { signedDate } from './in-release.ts'
import { sourcesList } from './mmdebstrap.ts'
import { run } from './process.ts'

/**
 * apt as a solver only: with a configuration of its own, an empty root, and nothing installed. It checks the signatures
 * of the archive and says which package files a set needs.
 */
export interface Solver {
  /** Newest date of the suites, in seconds since 1970, from the lists whose signatures apt has checked. */
  readonly epoch: number
  solve(request: SetRequest, signal: AbortSignal): Promise<LockedPackage[]>
}

/** @param folder for lists and configuration; kept between builds, so that unchanged lists are not loaded again */
export async function openSolver(
  folder: string,
  archive: ResolvedArchive,
  arch: string,
  signal: AbortSignal,
): Promise<Solver> {
  for (const path of ['etc/parts', 'lists/partial', 'cache/archives/partial']) {
    await mkdir(join(folder, path), { recursive: true })
  }
  const proxies = proxyLines(await aptProxies())
  await replaceFile(join(folder, 'apt.conf'), configuration(folder, arch, proxies))
  await replaceFile(join(folder, 'etc/sources.list'), sourcesList(archive, archive.keyring.file))
  await replaceFile(join(folder, 'status'), standIn)
  const env = { APT_CONFIG: join(folder, 'apt.conf') }
  // Two builds at once may share the folder; apt itself would give up instead of waiting. No fork: a kill must reach apt.
  const apt = (args: string[]) =>
    run('flock', ['--no-fork', join(folder, 'lock'), ...args], { env, signal, explain: explainSolver })
  await apt(['apt-get', 'update', '--error-on=any', '--quiet'])
  return {
    epoch: await newestDate(join(folder, 'lists'), archive),
    solve: async ({ include, exclude }) => {
      const wanted = [...include, ...exclude.map((name) => `${name}-`)]
      const plan = await apt(['apt-get', 'install', '--yes', '--print-uris', '--quiet', ...wanted])
      const files = parsePrintedUris(plan.stdout)
      requireNames(include, files)
      const shown = await apt([
        'apt-cache',
        'show',
        '--no-all-versions',
        ...files.map(({ name, version }) => `${name}=${version}`),
      ])
      return matchRecords(files, shown.stdout)
    },
  }
}

/** apt's configuration can hold the password of a proxy. */
const ownerOnly = 0o600

/** Whole at each moment: another build may be reading it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const partial = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(partial, text, { mode: ownerOnly })
  await rename(partial, path)
}

/** The folder holds the lists of this archive only: apt removes others when it updates. */
async function newestDate(lists: string, { suites }: ResolvedArchive): Promise<number> {
  const names = (await readdir(lists)).filter((name) => name.endsWith('_InRelease'))
  const dates = await Promise.all(
    names.map(async (name) => signedDate(await readFile(join(lists, name), 'utf8'))),
  )
  const known = dates.filter((date) => date !== undefined)
  if (known.length > 0) return Math.max(...known)
  throw new KilnError('E-ARCHIVE-UNTRUSTED', `apt checked no dated InRelease of ${suites[0]?.uri}`, {
    hint: 'check "mirror" in kiln.yaml',
  })
}

/** apt takes `editor+` for `editor` where there is no package of that whole name, as there is of `g++`. */
function requireNames(include: readonly string[], files: readonly PrintedFile[]): void {
  const found = new Set(files.map(({ name }) => name))
  const unknown = include.filter((name) => name.endsWith('+') && !found.has(name))
  if (unknown.length > 0) throw unknownPackages(unknown)
}

function explainSolver(output: string): KilnError {
  return (
    explainApt(output) ??
    new KilnError('E-TOOL-FAILED', 'apt-get cannot say which packages are needed', { output })
  )
}

function configuration(folder: string, arch: string, more: readonly string[]): string {
  return [
    `Dir "${folder}";`,
    'Dir::Etc "etc";',
    'Dir::Etc::parts "parts";',
    'Dir::Etc::sourcelist "sources.list";',
    'Dir::Etc::sourceparts "parts";',
    'Dir::Etc::preferences "none";',
    'Dir::Etc::preferencesparts "parts";',
    'Dir::Etc::trusted "none";',
    'Dir::Etc::trustedparts "parts";',
    'Dir::State "";',
    'Dir::State::Lists "lists";',
    'Dir::State::status "status";',
    'Dir::State::extended_states "extended_states";',
    'Dir::Cache "cache";',
    'Dir::Log "/dev/null";',
    `APT::Architecture "${arch}";`,
    `APT::Architectures { "${arch}"; };`,
    'APT::Install-Recommends "false";',
    // A name that the archive lacks is unknown, not a regular expression: `python3.1` is not `python3.11`.
    'APT::Cmd::Pattern-Only "true";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    ...more,
    '',
  ].join('\n')
}

/**
 * Kernel packages of Debian want some maker of initramfs. Kiln makes its own, so an empty package stands in for it; here
 * it counts as installed, and the build installs it for real.
 */
export const standIn = `Package: kiln-initramfs
Status: install ok installed
Priority: optional
Section: admin
Maintainer: Kiln <kiln@localhost>
Architecture: all
Version: 1
Provides: linux-initramfs-tool
Description: stands in for a maker of initramfs; Kiln makes its own
`

interface PrintedFile {
  readonly name: string
  readonly version: string
  readonly url: string
}

/** Lines of `apt-get --print-uris`: `'<url>' <name>_<version>_<arch>.deb <size> [<hash>]`; `:` in a version is `%3a`. */
export function parsePrintedUris(output: string): PrintedFile[] {
  return [...output.matchAll(/^'(\S+)' (\S+?)_(\S+?)_\S+?\.deb \d+/gm)].map(
    ([, url = '', name = '', version = '']) => ({
      name,
      version: decodeURIComponent(version),
      url,
    }),
  )
}

/** Paragraphs of `apt-cache show` carry what the printed lines lack: hash, size, architecture. */
export function matchRecords(files: readonly PrintedFile[], shown: string): LockedPackage[] {
  const records = new Map(shown.split(/\n{2,}/).map((paragraph) => [identity(paragraph), paragraph]))
  return files
    .map(({ name, version, url }): LockedPackage => {
      const paragraph = records.get(`${name}=${version}`)
      const sha256 = paragraph && field(paragraph, 'SHA256')
      if (!paragraph || !sha256) {
        throw new KilnError('E-ARCHIVE-UNTRUSTED', `the archive gives no SHA256 for ${name} ${version}`)
      }
      const architecture = field(paragraph, 'Architecture')
      return { name, version, architecture, sha256, size: Number(field(paragraph, 'Size')), url }
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.architecture < b.architecture ? -1 : 1))
}

function identity(paragraph: string): string {
  return `${field(paragraph, 'Package')}=${field(paragraph, 'Version')}`
}

function field(paragraph: string, name: string): string {
  return paragraph.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1] ?? ''
}

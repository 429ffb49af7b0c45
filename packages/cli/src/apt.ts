import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { KilnError } from '@kiln/contract'

/** Installing Debian packages on the machine that Kiln runs on. */
export type Privilege = 'root' | 'sudo' | 'none'

export interface AptOptions {
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

const listsFolder = '/var/lib/apt/lists'
const listsMaxAgeMs = 24 * 60 * 60 * 1000

/** How this process may install packages: as root, by a sudo that asks nothing, or not at all. */
export function privilege(): Privilege {
  if (!isExecutable('/usr/bin/apt-get')) return 'none'
  if (process.getuid?.() === 0) return 'root'
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 10_000 })
  return sudo.status === 0 ? 'sudo' : 'none'
}

export function installCommand(packages: readonly string[]): string {
  return `apt-get install --yes --no-install-recommends ${packages.join(' ')}`
}

/** @throws KilnError E-MIRROR-UNREACHABLE, E-PACKAGE-UNKNOWN, E-DISK-FULL, E-INTERRUPTED or E-TOOL-FAILED */
export async function installPackages(
  packages: readonly string[],
  how: 'root' | 'sudo',
  options: AptOptions,
): Promise<void> {
  const install = ['install', '--yes', '--no-install-recommends', ...packages]
  const current = listsAreCurrent(listsFolder, Date.now())
  if (!current) await aptGet(['update'], how, options)
  try {
    await aptGet(install, how, options)
  } catch (error) {
    // Lists of this morning can name files that the mirror has replaced since.
    const stale = error instanceof KilnError && ['E-MIRROR-UNREACHABLE', 'E-TOOL-FAILED'].includes(error.code)
    if (!current || !stale || options.signal.aborted) throw error
    await aptGet(['update'], how, options)
    await aptGet(install, how, options)
  }
}

/** Whether apt has package lists, fetched within the last day. */
export function listsAreCurrent(folder: string, now: number): boolean {
  try {
    const lists = readdirSync(folder).filter((name) => /_(In)?Release$|_Packages/.test(name))
    // apt keeps a list's own date on the file; the folder tells when it was fetched.
    return lists.length > 0 && now - statSync(join(folder, 'partial')).mtimeMs < listsMaxAgeMs
  } catch {
    return false
  }
}

async function aptGet(args: readonly string[], how: 'root' | 'sudo', options: AptOptions): Promise<void> {
  options.signal.throwIfAborted()
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', 'apt-get', ...args]
  const [program = 'env', ...rest] = how === 'sudo' ? ['sudo', '-n', ...command] : command
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], signal: options.signal })
  const tail: string[] = []
  const note = (line: string) => {
    tail.push(line)
    if (tail.length > 40) tail.shift()
    options.onLine(line)
  }
  createInterface(child.stdout).on('line', note)
  createInterface(child.stderr).on('line', note)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject(options.signal.aborted ? options.signal.reason : error))
    child.on('close', (status) => resolve(status ?? 1))
  })
  if (code !== 0) throw aptError(`apt-get ${args[0]}`, code, tail.join('\n'))
}

export function aptError(command: string, code: number, output: string): KilnError {
  if (/No space left on device|enough free space/.test(output)) {
    return new KilnError('E-DISK-FULL', `no space is left: ${command} could not go on`, { output })
  }
  if (
    /Temporary failure resolving|Could not resolve|Could not connect|Connection (timed out|refused|failed)|Unable to connect|Failed to fetch/.test(
      output,
    )
  ) {
    return new KilnError('E-MIRROR-UNREACHABLE', `${command} could not reach the package mirror`, {
      output,
      hint: 'the same command can be run again once the mirror answers',
    })
  }
  return new KilnError('E-TOOL-FAILED', `${command} failed with exit code ${code}`, { output })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

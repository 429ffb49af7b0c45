import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Files that are being written, under names that say by whom: `<name>.<where>-<pid>-<start>-<random>.part`. A killed
 * process leaves its own behind; the next one that works in the folder removes them.
 */

/** Nobody writes so long without a pause: loading gives up after half a minute of silence. */
const abandonedAfterMs = 60 * 60 * 1000

/** A new name beside `path`, for its content until that is whole. */
export function partOf(path: string): string {
  const { where, pid, start } = self()
  return `${path}.${where}-${pid}-${start}-${randomBytes(4).toString('hex')}.part`
}

/**
 * Removes what dead processes left of files whose names match. Of another machine, container or boot nobody can know the
 * processes: their parts go once they have not been written for an hour.
 * @param name matches what stands before the suffix; the parts of other files stay
 */
export async function sweepParts(folder: string, name: RegExp): Promise<void> {
  // A folder that is not there has nothing to sweep; one that cannot be read is told by who works in it.
  for (const entry of await readdir(folder).catch(() => [])) {
    if (!name.test(withoutSuffix(entry))) continue
    const path = join(folder, entry)
    const facts = await stat(path).catch(() => undefined)
    if (facts?.isFile() && isAbandoned(entry, facts.mtimeMs)) await rm(path, { force: true })
  }
}

const suffix = /\.(?<where>[0-9a-f]{8})-(?<pid>\d+)-(?<start>\d+)-[0-9a-f]{8}\.part$/
/** As the first versions named them. */
const oldSuffix = /\.(\d+-)?[0-9a-f]{8}$/

function withoutSuffix(entry: string): string {
  return suffix.test(entry) ? entry.replace(suffix, '') : entry.replace(oldSuffix, '')
}

function isAbandoned(entry: string, writtenMs: number): boolean {
  if (!suffix.test(entry) && !oldSuffix.test(entry)) return false
  const { where, pid = '', start } = entry.match(suffix)?.groups ?? {}
  if (where === self().where) return !isAlive(Number(pid), start)
  return Date.now() - writtenMs > abandonedAfterMs
}

interface Writer {
  /** Where the process id means something: this boot of this machine, and this namespace of process ids. */
  readonly where: string
  readonly pid: number
  /** Clock ticks since the boot, so that a process with the same id later is not taken for this one. */
  readonly start: string
}

let known: Writer | undefined

function self(): Writer {
  known ??= {
    where: createHash('sha256')
      .update(`${read('/proc/sys/kernel/random/boot_id')} ${namespace()}`)
      .digest('hex')
      .slice(0, 8),
    pid: process.pid,
    start: startOf('self') ?? '0',
  }
  return known
}

function isAlive(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // Of another user's process it may be hidden; then it is taken for the one that wrote.
  const now = startOf(`${pid}`)
  return now === undefined || now === start
}

/** proc_pid_stat(5): the 22nd field. The second one, the name, may have blanks and parentheses in it. */
function startOf(pid: string): string | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

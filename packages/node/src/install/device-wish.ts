import { parentOf } from '../host/durable.ts'
import { type Host, hasErrno } from '../host/host.ts'
import type { DiskWish } from './choose-disk.ts'
import { InstallError } from './error.ts'

const script = 'script://'
const pollMs = 200
/** Longest chain of links that the kernel follows. */
const mostLinks = 40

/**
 * What `--device` or `install.device` means on this machine.
 * @param patienceMs how long a named device may take to appear; disks of some controllers come late
 * @throws InstallError disk-refused where a name leads nowhere or the script fails
 */
export function resolveWish(host: Host, given: string, patienceMs: number): DiskWish {
  const wanted = given.startsWith(script) ? outputOf(host, given.slice(script.length)) : given
  if (wanted === 'auto' || wanted === '') return { kind: 'auto' }
  if (!wanted.startsWith('/')) {
    throw new InstallError('disk-refused', `"${wanted}" is neither auto nor a path such as /dev/sda.`)
  }
  return { kind: 'named', given: wanted, path: awaitTarget(host, wanted, patienceMs) }
}

function outputOf(host: Host, command: string): string {
  const { code, stdout, stderr } = host.run(['/bin/sh', '-c', command])
  if (code === 0) return stdout.trim()
  const said = stderr.trim().split('\n').at(-1)
  throw new InstallError('disk-refused', `the script for the device ended with ${code}: ${said || command}.`)
}

function awaitTarget(host: Host, path: string, patienceMs: number): string {
  const deadline = host.uptime() + patienceMs
  for (;;) {
    const target = followLinks(host, path)
    if (target !== undefined) return target
    if (host.uptime() >= deadline) throw new InstallError('disk-refused', `there is no ${path}.`)
    host.sleep(pollMs)
  }
}

/** The path without links, as `readlink -f` has it; undefined where it leads nowhere. Links of /dev are relative. */
export function followLinks(host: Pick<Host, 'lstat' | 'readlink'>, path: string): string | undefined {
  let current = plainPath(path)
  for (let links = 0; links < mostLinks; links++) {
    try {
      if (host.lstat(current).type !== 'link') return current
      const target = host.readlink(current)
      current = plainPath(target.startsWith('/') ? target : `${parentOf(current)}/${target}`)
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }
  return undefined
}

/** Without `.`, `..` and double slashes. */
function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

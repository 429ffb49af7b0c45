import type { FileStat, Host } from '../host/host.ts'
import { hasErrno } from '../host/host.ts'
import { BootFailure } from './failure.ts'
import { paths } from './paths.ts'

const initPath = '/sbin/init'
/** As the kernel has it. */
const mostLinks = 40

/**
 * What switch_root will start is there. It would fail as well, but only on the console: this failure is stored.
 * @throws BootFailure init-missing
 */
export function checkInit(host: Pick<Host, 'lstat' | 'readlink'>): void {
  const found = resolveInRoot(host, initPath)
  if (found?.type !== 'file')
    throw new BootFailure('init-missing', `${initPath} is not there, or is no file.`)
}

/** Follows links as they will be followed once the root is `/`. */
function resolveInRoot(host: Pick<Host, 'lstat' | 'readlink'>, path: string): FileStat | undefined {
  let done: readonly string[] = []
  let rest = partsOf(path)
  let stat: FileStat | undefined
  for (let links = 0; rest.length > 0 && links <= mostLinks; ) {
    const [name = '', ...more] = rest
    const next = name === '..' ? done.slice(0, -1) : [...done, name]
    stat = lstatInRoot(host, next)
    if (stat?.type === 'link') {
      const target = host.readlink(inRoot(next))
      links += 1
      if (target.startsWith('/')) done = []
      rest = [...partsOf(target), ...more]
    } else {
      if (!stat) return undefined
      done = next
      rest = more
    }
  }
  return rest.length === 0 ? stat : undefined
}

function lstatInRoot(host: Pick<Host, 'lstat'>, parts: readonly string[]): FileStat | undefined {
  try {
    return host.lstat(inRoot(parts))
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function inRoot(parts: readonly string[]): string {
  return [paths.sysroot, ...parts].join('/')
}

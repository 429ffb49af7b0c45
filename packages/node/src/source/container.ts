import { parentOf } from '../host/durable.ts'
import { type Host, hasErrno, type RunResult } from '../host/host.ts'
import { fileDigest } from '../host/sha256sum.ts'
import { statIfThere } from '../host/tree.ts'
import type { PayloadFile } from './card.ts'
import { SourceError } from './error.ts'
import type { Progress } from './source.ts'

/** A folder, or a tar of one. */
export interface Container {
  readonly path: string
  /** Copies a member over a file. @throws SourceError not-found, unreadable, no-space */
  copy(member: string, file: string, look: () => void): void
}

/** @throws SourceError not-found, unreadable */
export function openContainer(host: Host, path: string, kinds: readonly ('folder' | 'tar')[]): Container {
  const type = statIfThere(host, path)?.type
  if (type === undefined) throw new SourceError('not-found', `there is no ${path}`)
  const kind = type === 'directory' ? 'folder' : 'tar'
  if (!kinds.includes(kind)) throw new SourceError('unreadable', `${path} is no ${kinds.join(' or ')}`)
  return kind === 'folder' ? folder(host, path) : tar(host, path)
}

/** Copies a member, and checks it. @throws SourceError, also digest-mismatch */
export function bringFrom(
  host: Host,
  container: Container,
  member: string,
  { file, size, digest }: PayloadFile,
  target: string,
  progress: Progress,
): void {
  container.copy(member, target, () => progress(statIfThere(host, target)?.size ?? 0, size))
  const found = statIfThere(host, target)?.size
  if (found === size && fileDigest(host, target) === digest) {
    progress(size, size)
    return
  }
  host.remove(target, { recursive: true })
  const reason = found !== undefined && found < size ? 'truncated' : 'digest-mismatch'
  throw new SourceError(reason, `${file} in ${container.path} is not the one that its payload.json names`)
}

function folder(host: Host, path: string): Container {
  return {
    path,
    copy(member, file, look) {
      if (!statIfThere(host, `${path}/${member}`)) throw missing(member, path)
      const watch = { every: 250, look }
      const result = tool(() => host.run(['cp', `${path}/${member}`, file], { watch }))
      if (result.code !== 0) throw explain(host, result, { member, path, file })
    },
  }
}

/** GNU tar or busybox's. Members may be called `./name`; the table of contents is read once. */
function tar(host: Host, path: string): Container {
  let members: readonly string[] | undefined
  const memberNamed = (wanted: string) => {
    members ??= listTar(host, path)
    return members.find((member) => member === wanted || member === `./${wanted}`)
  }
  return {
    path,
    copy(wanted, file, look) {
      const member = memberNamed(wanted)
      if (member === undefined) throw missing(wanted, path)
      const argv = ['sh', '-c', 'exec tar -xOf "$1" -- "$2" > "$3"', 'sh', path, member, file] as const
      const result = tool(() => host.run(argv, { watch: { every: 250, look } }))
      if (result.code !== 0) throw explain(host, result, { member: wanted, path, file })
    },
  }
}

function listTar(host: Host, path: string): string[] {
  const { code, stdout } = tool(() => host.run(['tar', '-tf', path]))
  if (code === 0) return stdout.split('\n').filter((line) => line !== '')
  throw new SourceError('unreadable', `${path} is no tar archive, or is damaged`)
}

function tool(run: () => RunResult): RunResult {
  try {
    return run()
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
    throw new SourceError('tool-missing', 'cp and tar are needed and not both in this image', error)
  }
}

function missing(member: string, path: string): SourceError {
  return new SourceError('not-found', `there is no ${member} in ${path}`)
}

const littleSpace = 1024 * 1024

function explain(
  host: Host,
  { stderr }: RunResult,
  { member, path, file }: { member: string; path: string; file: string },
): SourceError {
  if (host.statfs(parentOf(file)).available < littleSpace) {
    return new SourceError('no-space', `no space is left in ${parentOf(file)}`)
  }
  const said = stderr.trim().split('\n').at(-1) ?? ''
  return new SourceError('unreadable', `${member} in ${path} cannot be read: ${said}`)
}

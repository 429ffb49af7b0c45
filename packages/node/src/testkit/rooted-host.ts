import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Argv, Host, MountRequest, RunResult } from '../host/host.ts'
import { HostError } from '../host/host.ts'
import { nodeHost } from '../host/node.ts'

/** Plays a program; `folder` is what stands for `/`. */
export type Program = (argv: Argv, folder: string) => Partial<RunResult> | undefined

export interface RootedHost {
  readonly host: Host
  /** The real folder that stands for `/`. */
  readonly folder: string
  /** Mounts, unmounts and programs, in order, as text. */
  readonly calls: string[]
  /** All that was printed. */
  readonly output: string[]
}

/**
 * A host for tests: Node's, with a temporary folder as `/`, a clock that runs only while somebody sleeps, and programs
 * and mounts that are recorded, not done.
 * @param files path → text; a text of the form `-> target` makes a link
 * @param program answers a program; undefined means exit code 0 and no output
 */
export function rootedHost(
  context: TestContext,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  program: Program = () => undefined,
): RootedHost {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-root-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) put(folder + path, content)
  const calls: string[] = []
  const output: string[] = []
  const node = nodeHost()
  const at = (path: string) => folder + path
  let clock = 0
  const host: Host = {
    ...node,
    uptime: () => clock,
    sleep: (ms) => {
      clock += ms
    },
    print: (text) => void output.push(text),
    printError: (text) => void output.push(text),
    readText: (path) => node.readText(at(path)),
    readBytes: (path, offset, length) => node.readBytes(at(path), offset, length),
    openLines: (path) => node.openLines(at(path)),
    write: (path, content, options) => node.write(at(path), content, options),
    writeAtomic: (path, content, options) => node.writeAtomic(at(path), content, options),
    overwrite: (path, offset, bytes) => node.overwrite(at(path), offset, bytes),
    flush: (path) => node.flush(at(path)),
    stat: (path) => node.stat(at(path)),
    lstat: (path) => node.lstat(at(path)),
    list: (path) => node.list(at(path)),
    mkdir: (path, options) => node.mkdir(at(path), options),
    remove: (path, options) => node.remove(at(path), options),
    rename: (from, to) => node.rename(at(from), at(to)),
    symlink: (target, path) => node.symlink(target, at(path)),
    readlink: (path) => node.readlink(at(path)),
    chmod: (path, mode) => node.chmod(at(path), mode),
    chown: (path, uid, gid) => void calls.push(`chown ${uid}:${gid} ${path}`),
    lock: (path) => node.lock(at(path)),
    run: (argv) => {
      calls.push(argv.join(' '))
      return { code: 0, stdout: '', stderr: '', ...program(argv, folder) }
    },
    mount: (request) => void calls.push(mountText(request)),
    ioctl: (path, request, value) => void calls.push(`ioctl ${path} ${request.toString(16)} ${value}`),
    unmount: (path) => void calls.push(`unmount ${path}`),
    reboot: (kind) => {
      throw new HostError('ENOSYS', 'reboot', kind)
    },
  }
  return { host, folder, calls, output }
}

export function mountText({ source, target, type, flags, data }: MountRequest): string {
  const options = [...(flags ?? []), data].filter(Boolean).join(',')
  return ['mount', type ?? '-', source, target, options].filter(Boolean).join(' ')
}

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const target = typeof content === 'string' ? content.match(/^-> (.+)$/)?.[1] : undefined
  if (target === undefined) writeFileSync(path, content)
  else symlinkSync(target, path)
}

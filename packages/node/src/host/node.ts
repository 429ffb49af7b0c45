import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { replaceFile } from './durable.ts'
import type { Argv, FileStat, Host, RunOptions, RunResult } from './host.ts'
import { HostError } from './host.ts'
import { readLines } from './lines.ts'
import { runWatched } from './node-watched.ts'
import { makeFolders } from './tree.ts'

const timedOut = 124

/**
 * The host in Node.js, for tests. What Node cannot do (mount, reboot, exec …) throws ENOSYS; locks hold within this
 * process only.
 * @param args what the program would get as its arguments
 */
export function nodeHost(args: readonly string[] = []): Host {
  const locked = new Set<string>()
  const missing = (operation: string) => (path: unknown) => {
    throw new HostError('ENOSYS', operation, String(path))
  }
  const host: Host = {
    args,
    env: (name) => process.env[name],
    now: () => Date.now(),
    uptime: () => performance.now(),
    sleep: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
    print: (text) => void process.stdout.write(text),
    printError: (text) => void process.stderr.write(text),
    readText: (path) => call('readText', path, () => fs.readFileSync(path, 'utf8')),
    readBytes: (path, offset, length) => call('readBytes', path, () => readBytes(path, offset, length)),
    openLines: (path) => call('openLines', path, () => openLines(path)),
    write: (path, content, options = {}) =>
      call('write', path, () =>
        fs.writeFileSync(path, content, { mode: options.mode ?? 0o644, flag: options.append ? 'a' : 'w' }),
      ),
    writeAtomic: (path, content, options = {}) => replaceFile(host, fsync, path, content, options.mode),
    overwrite: (path, offset, bytes) => call('overwrite', path, () => overwrite(path, offset, bytes)),
    flush: (path) => call('flush', path, () => fsync(path)),
    stat: (path) => call('stat', path, () => toFileStat(fs.statSync(path))),
    lstat: (path) => call('lstat', path, () => toFileStat(fs.lstatSync(path))),
    list: (path) => call('list', path, () => fs.readdirSync(path).sort()),
    mkdir: (path, options = {}) => {
      const mode = options.mode ?? 0o755
      if (options.recursive) return makeFolders(host, path, mode)
      call('mkdir', path, () => {
        fs.mkdirSync(path, mode)
        fs.chmodSync(path, mode)
      })
    },
    remove: (path, options = {}) =>
      call('remove', path, () => {
        if (options.recursive) fs.rmSync(path, { recursive: true, force: true })
        else if (fs.lstatSync(path).isDirectory()) fs.rmdirSync(path)
        else fs.unlinkSync(path)
      }),
    rename: (from, to) => call('rename', from, () => fs.renameSync(from, to)),
    symlink: (target, path) => call('symlink', path, () => fs.symlinkSync(target, path)),
    readlink: (path) => call('readlink', path, () => fs.readlinkSync(path)),
    chmod: (path, mode) => call('chmod', path, () => fs.chmodSync(path, mode)),
    chown: (path, uid, gid) => call('chown', path, () => fs.lchownSync(path, uid, gid)),
    run,
    exec: missing('exec'),
    mount: (request) => missing('mount')(request.target),
    unmount: missing('unmount'),
    ioctl: (path) => missing('ioctl')(path),
    statfs: (path) =>
      call('statfs', path, () => {
        const { bsize, blocks, bfree, bavail } = fs.statfsSync(path)
        return { total: blocks * bsize, free: bfree * bsize, available: bavail * bsize }
      }),
    lock: (path) => {
      if (locked.has(path)) return undefined
      host.write(path, '', { append: true, mode: 0o600 })
      locked.add(path)
      return { release: () => void locked.delete(path) }
    },
    sync: () => {},
    reboot: missing('reboot'),
  }
  return host
}

/** Output goes to files, as on the node: a grandchild that lives on must not hold the test up. */
function run(argv: Argv, options: RunOptions = {}): RunResult {
  const [program, ...rest] = argv
  const folder = fs.mkdtempSync(join(tmpdir(), 'kiln-run-'))
  const inherit = options.output === 'inherit'
  const stdout = inherit ? 'inherit' : fs.openSync(join(folder, 'stdout'), 'w+')
  const stderr = inherit ? 'inherit' : fs.openSync(join(folder, 'stderr'), 'w+')
  const outputs = () => ({
    stdout: inherit ? '' : fs.readFileSync(join(folder, 'stdout'), 'utf8'),
    stderr: inherit ? '' : fs.readFileSync(join(folder, 'stderr'), 'utf8'),
  })
  try {
    if (options.watch) return { code: runWatched(argv, options, [stdout, stderr], folder), ...outputs() }
    const child = spawnSync(program, rest, {
      input: options.input ?? '',
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['pipe', stdout, stderr],
    })
    const errno = (child.error as NodeJS.ErrnoException | undefined)?.code
    if (errno !== undefined && errno !== 'ETIMEDOUT' && errno !== 'EPIPE') {
      throw new HostError(errno, 'run', program)
    }
    const signal = child.signal ? 128 + constants.signals[child.signal] : 0
    return {
      code: errno === 'ETIMEDOUT' ? timedOut : (child.status ?? signal),
      ...outputs(),
    }
  } finally {
    for (const stream of [stdout, stderr]) if (typeof stream === 'number') fs.closeSync(stream)
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function readBytes(path: string, offset: number, length: number): Uint8Array {
  const descriptor = fs.openSync(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    let done = 0
    while (done < length) {
      const count = fs.readSync(descriptor, bytes, done, length - done, offset + done)
      if (count === 0) break
      done += count
    }
    return bytes.subarray(0, done)
  } finally {
    fs.closeSync(descriptor)
  }
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const descriptor = fs.openSync(path, 'r+')
  try {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(descriptor, bytes, done, bytes.length - done, offset + done)
    }
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function openLines(path: string) {
  const descriptor = fs.openSync(path, 'r')
  const buffer = new Uint8Array(4096)
  const read = (length: number) =>
    call('read', path, () => buffer.slice(0, fs.readSync(descriptor, buffer, 0, length, null)))
  return readLines(
    read,
    (bytes) => new TextDecoder().decode(bytes),
    () => fs.closeSync(descriptor),
  )
}

function fsync(path: string): void {
  const descriptor = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

function toFileStat(stat: fs.Stats): FileStat {
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'link'
        : stat.isBlockDevice()
          ? 'block'
          : stat.isCharacterDevice()
            ? 'character'
            : 'other'
  return { type, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, size: stat.size }
}

function call<T>(operation: string, path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : new HostError(code, operation, path)
  }
}

import { errnoName } from './errno.ts'
import { type Host, HostError, type MountRequest, mountFlags } from './host.ts'
import { appendTo, quickJsFiles } from './quickjs-files.ts'
import { native, os, std } from './quickjs-modules.ts'
import { findProgram, runProgram } from './quickjs-process.ts'

/** sys/reboot.h */
const rebootCommands = { restart: 0x01234567, poweroff: 0x4321fedc, halt: 0xcdef0123 } as const
const lockExclusiveNow = 2 | 4
const lockRelease = 8
const unmountLazy = 2
const closeOnExec = 0o2000000

/** The host of the real node: QuickJS's modules and the system calls of kiln_native. */
export function quickJsHost(): Host {
  return {
    args: scriptArgs.slice(1),
    env: (name) => std.getenv(name),
    now: () => Date.now(),
    uptime: () => os.now(),
    sleep: (ms) => os.sleep(ms),
    print: (text) => appendTo(1, text),
    printError: (text) => appendTo(2, text),
    ...quickJsFiles,
    run: runProgram,
    exec: (argv) => {
      const program = findProgram(argv[0])
      const environment = Object.entries(std.getenviron()).map(([name, value]) => `${name}=${value}`)
      call('exec', argv[0], () => native.execve(program, argv, environment))
      throw new HostError('ENOEXEC', 'exec', argv[0])
    },
    mount,
    unmount: (path, options = {}) => {
      call('unmount', path, () => native.umount(path, options.lazy ? unmountLazy : 0))
    },
    ioctl: (path, request, value) => void call('ioctl', path, () => native.ioctl(path, request, value)),
    statfs: (path) => {
      const [blockSize, total, free, available] = call('statfs', path, () => native.statvfs(path))
      return { total: total * blockSize, free: free * blockSize, available: available * blockSize }
    },
    lock,
    sync: () => native.sync(),
    reboot: (kind) => call('reboot', kind, () => native.reboot(rebootCommands[kind])),
  }
}

function mount(request: MountRequest): void {
  const flags = (request.flags ?? []).reduce((bits, flag) => bits | mountFlags[flag], 0)
  call('mount', request.target, () =>
    native.mount(request.source, request.target, request.type ?? '', request.data ?? '', flags),
  )
}

function lock(path: string) {
  const descriptor = os.open(path, os.O_RDWR | os.O_CREAT | closeOnExec, 0o600)
  if (descriptor < 0) throw new HostError(errnoName(descriptor), 'lock', path)
  try {
    call('lock', path, () => native.flock(descriptor, lockExclusiveNow))
  } catch (error) {
    os.close(descriptor)
    if (error instanceof HostError && error.errno === 'EAGAIN') return undefined
    throw error
  }
  return {
    release: () => {
      native.flock(descriptor, lockRelease)
      os.close(descriptor)
    },
  }
}

/** Turns the numbered error of a system call into the port's own. */
function call<T>(operation: string, path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    const { errno } = error as { readonly errno?: number }
    throw errno === undefined ? error : new HostError(errnoName(errno), operation, path)
  }
}

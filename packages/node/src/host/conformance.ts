import { type Host, HostError } from './host.ts'

/**
 * What every host must do, as cases. Run against Node in the unit tests and against QuickJS by `conformance.quickjs.ts`.
 */
export interface ConformanceCase {
  readonly name: string
  /** @param folder an empty folder for this case alone. @throws where the host does not conform */
  readonly run: (host: Host, folder: string) => void
}

export const conformanceCases: readonly ConformanceCase[] = [
  {
    name: 'text with letters of any width comes back',
    run: (host, folder) => {
      const text = 'kiln: Töpferofen ⛩ 🏺\n'
      host.write(`${folder}/text`, text)
      equal(host.readText(`${folder}/text`), text)
    },
  },
  {
    name: 'bytes that are not UTF-8 become replacement characters',
    run: (host, folder) => {
      host.write(`${folder}/bytes`, Uint8Array.of(0x61, 0xff, 0x62))
      equal(host.readText(`${folder}/bytes`), 'a\ufffdb')
    },
  },
  {
    name: 'a file of /proc is read though its size is 0',
    run: (host) => equal(host.readText('/proc/self/status').includes('Pid:'), true),
  },
  {
    name: 'an empty file is the empty string',
    run: (host, folder) => {
      host.write(`${folder}/empty`, '')
      equal(host.readText(`${folder}/empty`), '')
      equal(host.readBytes(`${folder}/empty`, 0, 10).length, 0)
    },
  },
  {
    name: 'bytes are read at an offset, and fewer at the end',
    run: (host, folder) => {
      host.write(`${folder}/bytes`, Uint8Array.of(0, 1, 2, 3, 4, 255))
      equal([...host.readBytes(`${folder}/bytes`, 2, 2)].join(), '2,3')
      equal([...host.readBytes(`${folder}/bytes`, 4, 100)].join(), '4,255')
    },
  },
  {
    name: 'a file larger than any buffer is written and read whole',
    run: (host, folder) => {
      const text = 'ab€'.repeat(200_000)
      host.write(`${folder}/large`, text)
      equal(host.readText(`${folder}/large`) === text, true)
    },
  },
  {
    name: 'writing appends on request and truncates otherwise',
    run: (host, folder) => {
      const path = `${folder}/log`
      host.write(path, 'long first line\n')
      host.write(path, 'one\n')
      host.write(path, 'two\n', { append: true })
      equal(host.readText(path), 'one\ntwo\n')
    },
  },
  {
    name: 'an atomic write replaces, keeps mode, and leaves nothing behind',
    run: (host, folder) => {
      const path = `${folder}/state`
      host.write(path, 'old')
      host.chmod(path, 0o640)
      host.writeAtomic(path, 'new')
      equal(host.readText(path), 'new')
      equal(host.stat(path).mode, 0o640)
      host.writeAtomic(path, 'newer', { mode: 0o600 })
      equal(host.stat(path).mode, 0o600)
      equal(host.list(folder).join(), 'state')
    },
  },
  {
    name: 'stat follows a link and lstat does not',
    run: (host, folder) => {
      host.write(`${folder}/file`, '12345')
      host.symlink('file', `${folder}/link`)
      equal(host.stat(`${folder}/link`).type, 'file')
      equal(host.stat(`${folder}/link`).size, 5)
      equal(host.lstat(`${folder}/link`).type, 'link')
      equal(host.readlink(`${folder}/link`), 'file')
      equal(host.stat(folder).type, 'directory')
      equal(host.stat('/dev/null').type, 'character')
    },
  },
  {
    name: 'modes are exact, whatever the umask',
    run: (host, folder) => {
      host.mkdir(`${folder}/open`, { mode: 0o1777 })
      equal(host.stat(`${folder}/open`).mode, 0o1777)
      host.chmod(`${folder}/open`, 0o700)
      equal(host.stat(`${folder}/open`).mode, 0o700)
    },
  },
  {
    name: 'folders are made with their parents, and again without an error',
    run: (host, folder) => {
      host.mkdir(`${folder}/a/b/c`, { recursive: true, mode: 0o750 })
      host.mkdir(`${folder}/a/b/c`, { recursive: true })
      equal(host.stat(`${folder}/a/b`).mode, 0o750)
      fails('EEXIST', () => host.mkdir(`${folder}/a`))
    },
  },
  {
    name: 'a list is sorted and has no dots',
    run: (host, folder) => {
      for (const name of ['b', 'a', 'C', '.hidden']) host.write(`${folder}/${name}`, '')
      equal(host.list(folder).join(), '.hidden,C,a,b')
    },
  },
  {
    name: 'a tree is removed without following links',
    run: (host, folder) => {
      host.mkdir(`${folder}/kept`)
      host.write(`${folder}/kept/file`, '')
      host.mkdir(`${folder}/gone/deep`, { recursive: true })
      host.symlink('../kept', `${folder}/gone/link`)
      fails('ENOTEMPTY', () => host.remove(`${folder}/gone`))
      host.remove(`${folder}/gone`, { recursive: true })
      host.remove(`${folder}/gone`, { recursive: true })
      equal(host.list(folder).join(), 'kept')
      equal(host.list(`${folder}/kept`).join(), 'file')
    },
  },
  {
    name: 'rename replaces a file',
    run: (host, folder) => {
      host.write(`${folder}/from`, 'new')
      host.write(`${folder}/to`, 'old')
      host.rename(`${folder}/from`, `${folder}/to`)
      equal(host.readText(`${folder}/to`), 'new')
      equal(host.list(folder).join(), 'to')
    },
  },
  {
    name: 'errors carry the name, the operation and the path',
    run: (host, folder) => {
      const missing = `${folder}/missing`
      fails('ENOENT', () => host.readText(missing))
      fails('ENOENT', () => host.stat(missing))
      fails('ENOENT', () => host.list(missing))
      fails('ENOENT', () => host.remove(missing))
      fails('ENOENT', () => host.chmod(missing, 0o600))
      fails('ENOENT', () => host.rename(missing, `${folder}/x`))
      fails('EINVAL', () => host.readlink(folder))
      fails('ENOTDIR', () => host.readText('/dev/null/x'))
      fails('EISDIR', () => host.readText(folder))
      const error = caught(() => host.readText(missing))
      equal(error.operation, 'readText')
      equal(error.path, missing)
    },
  },
  {
    name: 'a program gives its exit code and both outputs',
    run: (host) => {
      const result = host.run(['sh', '-c', 'echo out; echo err >&2; exit 3'])
      equal(JSON.stringify(result), '{"code":3,"stdout":"out\\n","stderr":"err\\n"}')
    },
  },
  {
    name: 'arguments pass unchanged',
    run: (host) => {
      const result = host.run(['printf', '%s|', 'a b', '"$HOME"', '', 'ö'])
      equal(result.stdout, 'a b|"$HOME"||ö|')
    },
  },
  {
    name: 'large outputs on both streams at once do not block',
    run: (host) => {
      const script =
        'i=0; while [ $i -lt 20000 ]; do echo outoutoutoutout; echo errerrerrerrerr >&2; i=$((i+1)); done'
      const result = host.run(['sh', '-c', script], { timeoutMs: 60_000 })
      equal(result.code, 0)
      equal(result.stdout.length, 20_000 * 16)
      equal(result.stderr.length, 20_000 * 16)
    },
  },
  {
    name: 'large input reaches the program',
    run: (host) => {
      const result = host.run(['wc', '-c'], { input: 'x'.repeat(300_000) })
      equal(result.stdout.trim(), '300000')
    },
  },
  {
    name: 'a program without input reads nothing',
    run: (host) => equal(host.run(['cat']).stdout, ''),
  },
  {
    name: 'the environment is added to',
    run: (host) => {
      const script = 'echo "$KILN_TEST:$PATH"'
      const result = host.run(['/bin/sh', '-c', script], { env: { KILN_TEST: 'a b' } })
      equal(result.stdout.startsWith('a b:'), true)
      equal(result.stdout.length > 'a b:\n'.length, true)
    },
  },
  {
    name: 'a missing program is ENOENT, before anything runs',
    run: (host) => {
      fails('ENOENT', () => host.run(['kiln-there-is-no-such-program']))
      fails('ENOENT', () => host.run(['/nowhere/program', 'x']))
    },
  },
  {
    name: 'a program that runs too long is killed',
    run: (host) => {
      const start = host.uptime()
      equal(host.run(['sleep', '30'], { timeoutMs: 100 }).code, 124)
      equal(host.uptime() - start < 10_000, true)
    },
  },
  {
    name: 'a signal is 128 and its number',
    run: (host) => equal(host.run(['sh', '-c', 'kill -15 $$']).code, 143),
  },
  {
    name: 'a background child does not hold the caller up',
    run: (host) => {
      const start = host.uptime()
      equal(host.run(['sh', '-c', 'sleep 5 & echo started']).stdout, 'started\n')
      equal(host.uptime() - start < 4000, true)
    },
  },
  {
    name: 'the clocks run',
    run: (host) => {
      const [wall, steady] = [host.now(), host.uptime()]
      host.sleep(20)
      equal(host.now() - wall >= 15, true)
      equal(host.uptime() - steady >= 15, true)
    },
  },
  {
    name: 'a file system tells its space',
    run: (host, folder) => {
      const space = host.statfs(folder)
      equal(space.total > 0 && space.total >= space.free && space.free >= space.available, true)
      fails('ENOENT', () => host.statfs(`${folder}/missing`))
    },
  },
  {
    name: 'a lock has one holder',
    run: (host, folder) => {
      const first = host.lock(`${folder}/lock`)
      equal(first !== undefined, true)
      equal(host.lock(`${folder}/lock`), undefined)
      first?.release()
      const second = host.lock(`${folder}/lock`)
      equal(second !== undefined, true)
      second?.release()
    },
  },
]

function equal(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) {
    throw new Error(`got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
  }
}

function caught(action: () => unknown): HostError {
  try {
    action()
  } catch (error) {
    if (error instanceof HostError) return error
    throw error
  }
  throw new Error('did not fail')
}

function fails(errno: string, action: () => unknown): void {
  equal(caught(action).errno, errno)
}

import { type ConformanceCase, caught, equal, fails } from './conformance-case.ts'

/** Reading, writing and naming files. */
export const fileCases: readonly ConformanceCase[] = [
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
    name: 'lines come one by one, whole, and nothing comes after the last one',
    run: (host, folder) => {
      const long = 'ö€'.repeat(3000)
      host.write(`${folder}/lines`, `one\r\n\n${long}\nlast`)
      const lines = host.openLines(`${folder}/lines`)
      equal(lines.next(), 'one')
      equal(lines.next(), '')
      equal(lines.next() === long, true)
      equal(lines.next(), 'last')
      equal(lines.next(), undefined)
      lines.close()
      fails('ENOENT', () => host.openLines(`${folder}/missing`))
      fails('EISDIR', () => host.openLines(folder).next())
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
    name: 'bytes are overwritten in place, and nothing around them',
    run: (host, folder) => {
      const path = `${folder}/sector`
      host.write(path, 'abcdef')
      host.overwrite(path, 2, Uint8Array.of(0x58, 0x59))
      equal(host.readText(path), 'abXYef')
      host.overwrite(path, 5, Uint8Array.of(0x5a, 0x5a))
      equal(host.readText(path), 'abXYeZZ')
      fails('ENOENT', () => host.overwrite(`${folder}/missing`, 0, Uint8Array.of(1)))
    },
  },
  {
    name: 'files and folders are flushed',
    run: (host, folder) => {
      host.write(`${folder}/file`, 'x')
      host.flush(`${folder}/file`)
      host.flush(folder)
      fails('ENOENT', () => host.flush(`${folder}/missing`))
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
]

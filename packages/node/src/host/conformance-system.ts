import { type ConformanceCase, equal, fails } from './conformance-case.ts'
import { HostError } from './host.ts'

/** Programs, clocks, space and locks. */
export const systemCases: readonly ConformanceCase[] = [
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
    name: 'a program can be watched while it runs, with the same result',
    run: (host) => {
      let looks = 0
      const watch = { every: 20, look: () => void looks++ }
      const result = host.run(['sh', '-c', 'cat; sleep 0.3; echo err >&2; exit 3'], { input: 'in', watch })
      equal(JSON.stringify(result), '{"code":3,"stdout":"in","stderr":"err\\n"}')
      equal(looks >= 3, true)
    },
  },
  {
    name: 'an error of who watches kills the program and is thrown on',
    run: (host, folder) => {
      const watch = {
        every: 10,
        look: () => {
          throw new HostError('ECANCELED', 'watch', folder)
        },
      }
      const start = host.uptime()
      fails('ECANCELED', () => host.run(['sleep', '30'], { watch }))
      equal(host.uptime() - start < 10_000, true)
    },
  },
  {
    name: 'a watched program that is missing is ENOENT',
    run: (host) =>
      fails('ENOENT', () =>
        host.run(['kiln-there-is-no-such-program'], { watch: { every: 10, look: () => {} } }),
      ),
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

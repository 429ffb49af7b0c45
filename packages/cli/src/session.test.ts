import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KilnError } from '@kiln/contract'
import { type CommandContext, type Outcome, type OutputOptions, runCommand, type Session } from './session.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command with streams that are no terminal. */
async function run(
  options: OutputOptions,
  command: (context: CommandContext) => Promise<Outcome>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text
    },
  })
  const streams = { stdout: stream('stdout'), stderr: stream('stderr'), stdin: {} }
  const session = { ...streams, env: {}, signal } as unknown as Session
  const code = await runCommand(session, options, command)
  return { code, ...written }
}

const works = async ({ emit }: CommandContext): Promise<Outcome> => {
  emit({ event: 'notice', level: 'info', message: 'hello' })
  return { result: { path: 'a.iso' }, lines: ['a.iso'] }
}

test('the result goes to standard output, everything else to standard error', async () => {
  assert.deepEqual(await run({}, works), { code: 0, stdout: 'a.iso\n', stderr: 'info     hello\n' })
})

test('--progress none is silent', async () => {
  assert.equal((await run({ progress: 'none' }, works)).stderr, '')
})

test('--json: events as they come, the result last, nothing on standard error', async () => {
  const { stdout, stderr } = await run({ json: true }, works)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.equal(lines[0]?.event, 'notice')
  const { time, ...last } = lines.at(-1) ?? {}
  assert.deepEqual(last, { schema: 'kiln.events/v1', seq: 2, result: { path: 'a.iso' } })
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  assert.equal(stderr, '')
})

test('--json: an error is the last line', async () => {
  const { code, stdout } = await run({ json: true }, async () => {
    throw new KilnError('E-DISK-FULL', 'no space is left')
  })
  assert.equal(code, 6)
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'E-DISK-FULL')
})

test('a result and then a failure: both are shown', async () => {
  const error = new KilnError('E-BOOT-TIMEOUT', 'not in time')
  const failed = async (): Promise<Outcome> => ({ result: 1, lines: ['a.iso'], error })
  const text = await run({}, failed)
  assert.equal(text.code, 124)
  assert.equal(text.stdout, 'a.iso\n')
  assert.match(text.stderr, /^error E-BOOT-TIMEOUT: not in time/)
  const data = JSON.parse((await run({ json: true }, failed)).stdout) as Record<string, unknown>
  assert.deepEqual(Object.keys(data).slice(3), ['result', 'error'])
})

test('an interrupt is told as one, whatever the command made of it', async () => {
  const interrupt = new AbortController()
  const { code, stderr } = await run(
    {},
    async () => {
      interrupt.abort(new KilnError('E-INTERRUPTED', 'interrupted'))
      throw new Error('some stream was closed')
    },
    interrupt.signal,
  )
  assert.equal(code, 130)
  assert.match(stderr, /^error E-INTERRUPTED: interrupted/)
})

test('what nobody expected is a defect', async () => {
  const { code, stderr } = await run({}, async () => {
    throw new TypeError('x is not a function')
  })
  assert.equal(code, 1)
  assert.match(stderr, /^error E-BUG: x is not a function/)
})

test('secrets in events and errors reach nobody', async () => {
  const output = 'curl: https://me:hunter2@host.test failed\n> Authorization: Bearer hunter2hunter2'
  for (const json of [true, false]) {
    const { stdout, stderr } = await run({ json }, async ({ emit }) => {
      emit({ event: 'notice', level: 'info', message: 'from http://me:hunter2@host.test/' })
      throw new KilnError('E-TOOL-FAILED', 'https://me:hunter2@host.test is gone', { output })
    })
    assert.ok(`${stdout}${stderr}`.includes('host.test'))
    assert.ok(!`${stdout}${stderr}`.includes('hunter2'), `${stdout}${stderr}`)
  }
})

test('nobody is asked where there is no terminal', async () => {
  let answer: boolean | undefined = true
  await run({}, async ({ confirm }) => {
    answer = await confirm('Install?')
    return { result: null, lines: [] }
  })
  assert.equal(answer, undefined)
})

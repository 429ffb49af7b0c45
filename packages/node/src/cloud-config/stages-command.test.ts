import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { main } from '../main.ts'
import { type Program, rootedHost } from '../testkit/rooted-host.ts'

const config = `#cloud-config
stages:
  boot:
    - name: First
      commands: [good]
    - name: Second
      if: never
      commands: [other]
    - name: Third
      only_os: Haiku
      on_failure: unhealthy
      commands: ['echo {{ .Values.node.hostname }}']
  boot.after:
    - name: Last
      commands: [bad]
      files: [{path: /etc/motd, content: "hi\\nyou\\n", permissions: 0600, ownerstring: "a:b"}]
`

const program: Program = ([name, , line]) =>
  name === '/bin/sh' && (line === 'bad' || line === 'never') ? { code: 3 } : undefined

function node(context: TestContext, ...commands: string[][]) {
  const rooted = rootedHost(context, { '/oem/1.yaml': config, '/etc/os-release': 'NAME=Debian\n' }, program)
  const codes = commands.map((args) => {
    rooted.output.length = 0
    return main({ ...rooted.host, args })
  })
  return { ...rooted, codes, text: rooted.output.join('') }
}

test('stages: a table of what ran, what was skipped and why, and what failed', (t) => {
  const { text, codes } = node(t, ['run-stage', 'boot'], ['stages'])
  assert.deepEqual(codes, [1, 1])
  const expected = [
    'STAGE       STEP    RESULT   TIME  SOURCE',
    'boot        First   ok       0 ms  /oem/1.yaml:4',
    'boot        Second  skipped  0 ms  /oem/1.yaml:6',
    '    if: never',
    'boot        Third   skipped  0 ms  /oem/1.yaml:9',
    '    only_os: Haiku is not Debian',
    'boot.after  Last    failed   0 ms  /oem/1.yaml:14',
    '    error: there is no user a',
    '    error: command ended with 3: bad',
    '',
    '1 ok, 1 failed, 2 skipped; 0 ms in all',
    '',
  ]
  assert.deepEqual(text.split('\n'), expected)
})

test('stages: for programs, and only what failed', (t) => {
  const { text } = node(t, ['run-stage', 'boot'], ['stages', 'boot', '--failed', '--json'])
  const { schema, steps } = JSON.parse(text)
  assert.equal(schema, 'kiln.stages/v2')
  assert.deepEqual(
    steps.map(({ step, status, line }: Record<string, unknown>) => [step, status, line]),
    [['Last', 'failed', 14]],
  )
})

test('stages: nothing ran', (t) => {
  const { text, codes } = node(t, ['stages', 'network'])
  assert.deepEqual([codes, text], [[0], 'no step ran\n'])
})

test('run-stage: a plan says all that would be done, and does nothing', (t) => {
  const { text, calls, codes } = node(t, ['run-stage', 'boot', '--plan'])
  assert.deepEqual([codes, calls], [[0], []])
  assert.equal(
    text,
    `boot
  First (/oem/1.yaml:4)
    - run good
  Second (/oem/1.yaml:6)
    only if: never
    - run other
  Third (/oem/1.yaml:9, on failure: unhealthy)
    skipped, only_os: Haiku is not Debian
boot.after
  Last (/oem/1.yaml:14)
    - write /etc/motd (0600) for a:b: 2 lines
    - run bad
`,
  )
})

test('run-stage: a plan for programs', (t) => {
  const { text } = node(t, ['run-stage', 'boot', '-a', '--json'])
  const { schema, stage, steps } = JSON.parse(text)
  assert.deepEqual([schema, stage, steps.length], ['kiln.stage-plan/v1', 'boot', 4])
  assert.deepEqual(steps[0].operations, [{ kind: 'command', command: 'good', text: 'run good' }])
})

test('run-stage: other folders, and stages that are none', (t) => {
  const { text, codes } = node(t, ['run-stage', 'boot', '--plan', '--override-cloud-init-paths', '/none'])
  assert.deepEqual([codes, text], [[0], 'stage boot: nothing to do\n'])
  assert.deepEqual(node(t, ['run-stage', 'bot']).codes, [2])
})

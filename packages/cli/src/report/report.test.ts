import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KilnError } from '@kiln/contract'
import type { KilnEvent } from '@kiln/factory/events'
import fc from 'fast-check'
import { asKilnError, errorData, errorLines } from './error.ts'
import { emptyRun, foldEvent, type RunView } from './fold.ts'
import { fit, formatBytes, formatDuration, formatProgress, plainText, widthOf } from './format.ts'
import { plainLines } from './plain.ts'
import { createReporter } from './reporter.ts'
import { chosenProgress, wantsColour } from './terminal.ts'
import { treeLines } from './tree.ts'

const paint = (_style: string, text: string) => text

const events: readonly KilnEvent[] = [
  {
    event: 'plan',
    steps: [
      { step: 'toolchain', title: 'toolchain', needs: [] },
      { step: 'base', title: 'Debian 13 base', needs: [] },
      { step: 'iso', title: 'ISO', needs: ['base', 'toolchain'] },
      { step: 'agent', title: 'kiln-agent', needs: ['toolchain'] },
    ],
  },
  { event: 'step-finished', step: 'toolchain', title: 'toolchain', outcome: 'reused', ms: 0 },
  { event: 'step-started', step: 'base', title: 'Debian 13 base' },
  { event: 'step-progress', step: 'base', done: 5 * 1024 ** 2, total: 80 * 1024 ** 2, unit: 'bytes' },
  { event: 'step-progress', step: 'base', done: 12.4 * 1024 ** 2, total: 80 * 1024 ** 2, unit: 'bytes' },
  { event: 'step-output', step: 'base', line: '\u001b[32mI: downloading\u001b[0m\tbash' },
  { event: 'step-started', step: 'agent', title: 'kiln-agent' },
  { event: 'step-failed', step: 'agent', title: 'kiln-agent', code: 'E-TOOL-FAILED', ms: 1234 },
  { event: 'notice', level: 'warning', message: 'little space is left' },
  { event: 'step-finished', step: 'base', title: 'Debian 13 base', outcome: 'built', ms: 61_400 },
  { event: 'summary', built: 1, reused: 1, ms: 63_000 },
]

function folded(count: number): RunView {
  return events.slice(0, count).reduce((run, event, index) => foldEvent(run, event, index * 1000), emptyRun)
}

test('plain: a line for each event, progress only at every tenth', () => {
  const lines = events.flatMap((event, index) => plainLines(folded(index), event))
  assert.deepEqual(lines, [
    'plan     4 steps',
    'reused   toolchain',
    'start    Debian 13 base',
    'progress Debian 13 base: 12.4 MiB of 80.0 MiB',
    'start    kiln-agent',
    'failed   kiln-agent: E-TOOL-FAILED (1.2 s)',
    'warning  little space is left',
    'built    Debian 13 base (1 min 01 s)',
    'built 1, reused 1, 1 min 03 s',
  ])
})

test('a summary says what was downloaded, where that is known', () => {
  const summary = { event: 'summary', built: 3, reused: 41, downloaded: 13_002_342, ms: 38_000 } as const
  assert.deepEqual(plainLines(emptyRun, summary), ['built 3, reused 41, downloaded 12.4 MiB, 38.0 s'])
})

test('tree: in the middle of a run', () => {
  const lines = treeLines(folded(8), { now: 14_000, columns: 80, rows: 24, paint })
  assert.deepEqual(lines, [
    '= reused 1 step',
    'x kiln-agent  E-TOOL-FAILED, 1.2 s',
    '> Debian 13 base  12.4 MiB of 80.0 MiB, 12.0 s',
    '  └─ I: downloading bash',
    '  waiting 1 step',
  ])
})

test('tree: at the end', () => {
  const lines = treeLines(folded(events.length), { now: 99_000, columns: 80, rows: 24, paint })
  assert.deepEqual(lines, [
    '= reused 1 step',
    '+ Debian 13 base  1 min 01 s',
    'x kiln-agent  E-TOOL-FAILED, 1.2 s',
    '  waiting 1 step',
  ])
})

test('tree: never wider or higher than the terminal', () => {
  const anyStep = fc.record({
    step: fc.string(),
    title: fc.string({ unit: 'grapheme', maxLength: 200 }),
    status: fc.constantFrom('waiting', 'running', 'built', 'reused', 'failed'),
    ms: fc.nat(),
    startedAt: fc.nat(),
    lastLine: fc.string({ unit: 'grapheme', maxLength: 200 }),
  })
  const size = fc.record({ columns: fc.integer({ min: 1, max: 120 }), rows: fc.integer({ min: 2, max: 30 }) })
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), size, (steps, { columns, rows }) => {
      const lines = treeLines({ steps } as RunView, { now: 1e9, columns, rows, paint })
      assert.ok(lines.length < rows)
      for (const line of lines) assert.ok(widthOf(line) <= columns, `${widthOf(line)} > ${columns}: ${line}`)
    }),
  )
})

test('tty: erases exactly what it drew, and leaves the end on the screen', () => {
  let written = ''
  const screen = {
    write: (text: string) => {
      written += text
    },
    size: () => ({ columns: 80, rows: 24 }),
    paint,
  }
  const reporter = createReporter('tty', screen)
  for (const event of events) reporter.emit(event)
  reporter.finish()
  assert.equal(
    screenOf(written).join('\n'),
    [
      'warning: little space is left',
      '= reused 1 step',
      '+ Debian 13 base  1 min 01 s',
      'x kiln-agent  E-TOOL-FAILED, 1.2 s',
      '  waiting 1 step',
      'built 1, reused 1, 1 min 03 s',
      '',
    ].join('\n'),
  )
})

/** What a terminal shows after a text with the two control sequences that the tree uses. */
function screenOf(text: string): string[] {
  let lines = ['']
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with one
  for (const part of text.split(/(\x1b\[\d+A\x1b\[J|\n)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with one
    const up = part.match(/^\x1b\[(\d+)A/)?.[1]
    if (up) lines = [...lines.slice(0, lines.length - 1 - Number(up)), '']
    else if (part === '\n') lines.push('')
    else lines.push(`${lines.pop() ?? ''}${part}`)
  }
  return lines
}

test('json: every event on a line, numbered, with its time', () => {
  const lines: string[] = []
  const screen = {
    write: (text: string) => void lines.push(text),
    size: () => ({ columns: 80, rows: 24 }),
    paint,
  }
  const reporter = createReporter('json', screen)
  for (const event of events) reporter.emit(event)
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    parsed.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  )
  assert.deepEqual(parsed[1], { schema: 'kiln.events/v1', seq: 2, time: parsed[1]?.time, ...events[1] })
})

test('progress: a live tree only where somebody can see it', () => {
  const terminal = (env: Record<string, string>) => ({ isTerminal: true, env })
  assert.equal(chosenProgress('auto', terminal({})), 'tty')
  assert.equal(chosenProgress('auto', { isTerminal: false, env: {} }), 'plain')
  assert.equal(chosenProgress('auto', terminal({ CI: 'true' })), 'plain')
  assert.equal(chosenProgress('auto', terminal({ CI: 'false' })), 'tty')
  assert.equal(chosenProgress('auto', terminal({ TERM: 'dumb' })), 'plain')
  assert.equal(chosenProgress('tty', { isTerminal: false, env: { CI: '1' } }), 'tty')
})

test('colours: not with NO_COLOR, a dumb terminal, or none', () => {
  assert.equal(wantsColour({ isTerminal: true, env: {} }), true)
  assert.equal(wantsColour({ isTerminal: true, env: { NO_COLOR: '' } }), true)
  assert.equal(wantsColour({ isTerminal: true, env: { NO_COLOR: '0' } }), false)
  assert.equal(wantsColour({ isTerminal: true, env: { TERM: 'dumb' } }), false)
  assert.equal(wantsColour({ isTerminal: false, env: {} }), false)
})

test('formats', () => {
  const durations = [0, 999, 1000, 59_949, 59_951, 119_600, 3_600_000, 5_430_000].map(formatDuration)
  assert.deepEqual(durations, [
    '0 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '1 min 00 s',
    '2 min 00 s',
    '1 h 00 min',
    '1 h 30 min',
  ])
  assert.deepEqual([0, 1023, 1024, 1024 ** 2 - 1, 5e9].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.0 MiB',
    '4.7 GiB',
  ])
  assert.equal(formatProgress({ done: 41.7, unit: 'percent' }), '41 %')
  assert.equal(formatProgress({ done: 7, total: 9, unit: 'items' }), '7 of 9')
  assert.equal(formatProgress({ done: 2048, unit: 'bytes' }), '2.0 KiB')
  assert.equal(plainText('\u001b]0;title\u0007a\u001b[2K\rb\u0000'), 'ab')
  assert.equal(fit('abcdef', 4), 'abc…')
  assert.equal(fit('漢字漢字', 5), '漢字…')
  assert.equal(fit('abc', 0), '')
})

const source = 'name: sample\nimages:\n\t- flavr: debian\n'
const options = { paint, readSource: (file: string) => (file === 'kiln.yaml' ? source : undefined) }

test('errors: place, source line, caret, hint, cause and output', () => {
  const error = new KilnError('E-TOOL-FAILED', 'mmdebstrap failed', {
    place: { file: 'kiln.yaml', line: 3, column: 4, end: { line: 3, column: 9 } },
    hint: 'mend it',
    cause: new Error('outer', { cause: new Error('inner') }),
    output: 'one\n\u001b[31mtwo\u001b[0m\n',
  })
  assert.deepEqual(errorLines(error, options), [
    'error E-TOOL-FAILED: mmdebstrap failed',
    '  at kiln.yaml:3:4',
    '  3 | \t- flavr: debian',
    '    | \t  ^^^^^',
    '  hint: mend it',
    '  because: outer',
    '  because: inner',
    '  what the program said:',
    '  | one',
    '  | two',
  ])
})

test('errors: all findings, and how many', () => {
  const findings = [
    { code: 'E-CONFIG-BAD-VALUE', message: 'first' },
    { code: 'E-DISTRO-UNKNOWN', message: 'second', place: { file: 'gone.yaml', line: 9, column: 1 } },
  ] as const
  assert.deepEqual(errorLines(new KilnError('E-CONFIG-BAD-VALUE', 'first', { findings }), options), [
    'error E-CONFIG-BAD-VALUE: first',
    'error E-DISTRO-UNKNOWN: second',
    '  at gone.yaml:9:1',
    '2 errors',
  ])
})

test('errors: only the last lines of a long output', () => {
  const output = Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n')
  const lines = errorLines(new KilnError('E-TOOL-FAILED', 'x', { output }), options)
  assert.equal(lines[1], '  what the program said, its last lines:')
  assert.equal(lines.at(-1), '  | line 49')
  assert.equal(lines.length, 14)
})

test('errors: what nobody expected is a defect, with its stack', () => {
  const error = asKilnError(new TypeError('x is not a function'))
  assert.equal(error.code, 'E-BUG')
  assert.equal(error.exitCode, 1)
  assert.ok(errorLines(error, options).some((line) => /^ +at .*report\.test\.ts/.test(line)))
  assert.equal(asKilnError('text').message, 'text')
})

test('errors as data: ranges count from 0', () => {
  const place = { file: 'kiln.yaml', line: 3, column: 4, end: { line: 3, column: 9 } }
  assert.deepEqual(errorData(new KilnError('E-CONFIG-UNKNOWN-KEY', 'x', { place, hint: 'y' })), {
    code: 'E-CONFIG-UNKNOWN-KEY',
    message: 'x',
    exit: 3,
    findings: [
      {
        code: 'E-CONFIG-UNKNOWN-KEY',
        message: 'x',
        hint: 'y',
        file: 'kiln.yaml',
        range: { start: { line: 2, character: 3 }, end: { line: 2, character: 8 } },
      },
    ],
  })
})

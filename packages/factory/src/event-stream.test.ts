import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventsJsonSchema, StreamLine } from './event-stream.ts'
import { KilnEventSchema } from './events.ts'
import { streamSchema } from './stream-lines.ts'
import { fakeBuild, fakeStep } from './testkit/fake-build.ts'
import { temporaryFolder } from './testkit/testkit.ts'

test('every event of a real run fits the schema', async (t) => {
  const folder = temporaryFolder(t)
  const steps = [fakeStep('toolchain'), fakeStep('base'), fakeStep('packages', ['base'])]
  const { run, events } = fakeBuild(folder, async ({ id }, { out, line, progress }) => {
    writeFileSync(join(out, 'made'), id)
    line('a line')
    progress(1, 2, 'items')
    progress(3, undefined, 'bytes')
    if (id === 'packages') throw new Error('failed')
    return {}
  })
  await assert.rejects(run(steps))
  await run(steps.slice(0, 2))
  const kinds = new Set(events.map(({ event }) => event))
  assert.deepEqual([...kinds].toSorted(), [
    'step-failed',
    'step-finished',
    'step-output',
    'step-progress',
    'step-started',
  ])
  for (const event of events) assert.deepEqual(KilnEventSchema.parse(event), event)
})

const head = { schema: streamSchema, seq: 1, time: '2026-01-01T12:00:00.000Z' }
const error = { code: 'E-BUG', message: 'x', exit: 1, findings: [{ code: 'E-BUG', message: 'x' }] }

const lines: readonly (readonly [what: string, line: object, fits: boolean])[] = [
  ['an event', { ...head, event: 'notice', level: 'info', message: 'x' }, true],
  ['a result', { ...head, result: { path: 'a.iso' } }, true],
  ['a result and an error', { ...head, result: null, error }, true],
  ['an error', { ...head, error }, true],
  ['an event without its number', { ...head, seq: undefined, event: 'plan', steps: [] }, false],
  ['an unknown event', { ...head, event: 'dance' }, false],
  ['an event with more than it has', { ...head, event: 'plan', steps: [], more: 1 }, false],
  ['another schema', { ...head, schema: 'kiln.events/v2', result: 1 }, false],
]
for (const [what, line, fits] of lines) {
  test(`a line with ${what} ${fits ? 'fits' : 'does not fit'}`, () => {
    assert.equal(StreamLine.safeParse(line).success, fits)
  })
}

test('the published schema lets later versions say more', () => {
  const text = JSON.stringify(eventsJsonSchema())
  assert.ok(!text.includes('additionalProperties'))
  assert.ok(text.includes(streamSchema))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KilnEvent } from '../events.ts'
import { asStep } from './as-step.ts'

test('what a program says of its registry is shown without passwords', async () => {
  const events: KilnEvent[] = []
  const failing = asStep(
    (event) => events.push(event),
    'push',
    'push it',
    async (line) => {
      line('trying https://user:secret@registry.example/v2/')
      throw new Error('refused')
    },
  )
  await assert.rejects(failing, /refused/)
  assert.deepEqual(
    events.map((event) => (event.event === 'step-output' ? event.line : event.event)),
    ['step-started', 'trying https://[redacted]@registry.example/v2/', 'step-failed'],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Ordered, orderSteps } from './order.ts'

const file = fc.constantFrom('a', 'b', 'c')
const name = fc.constantFrom('p', 'q', 'r', 's')
const step = fc.record({
  file,
  names: name.map((one) => [one]),
  after: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(name, { minLength: 1, maxLength: 2 })),
})
const steps = fc
  .array(step, { maxLength: 10 })
  .map((list) => list.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0)))

test('order: every step comes once, or is in a circle', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const { steps: order, circle } = orderSteps(list)
      assert.equal(order.length + circle.length, list.length)
      assert.equal(new Set([...order, ...circle]).size, list.length)
    }),
  )
})

test('order: nobody runs before what it waits for', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const { steps: order, circle } = orderSteps(list)
      for (const [at, each] of order.entries()) {
        for (const wanted of each.after) {
          const others = list.filter(
            (other) => other !== each && other.names.includes(wanted) && !circle.includes(other),
          )
          for (const other of others) assert.ok(order.indexOf(other) < at)
        }
      }
    }),
  )
})

test('order: without after, it is that of the files', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const plain: Ordered[] = list.map((each) => ({ ...each, after: [] }))
      assert.deepEqual(orderSteps(plain), { steps: plain, circle: [], unknown: [] })
    }),
  )
})

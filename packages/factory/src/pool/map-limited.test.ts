import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { mapLimited } from './map-limited.ts'

/** Work that ends when it is told to. */
function workshop() {
  const under = new Map<number, { resolve: (value: string) => void; reject: (reason: unknown) => void }>()
  const begun: number[] = []
  const work = (item: number) => {
    begun.push(item)
    return new Promise<string>((resolve, reject) => under.set(item, { resolve, reject }))
  }
  /** Lets go of one that is under way, and waits until all that follows from it has happened. */
  const end = async (item: number, error?: Error) => {
    const { resolve, reject } = under.get(item) ?? assert.fail(`${item} is not under way`)
    under.delete(item)
    if (error) reject(error)
    else resolve(`made of ${item}`)
    await settled()
  }
  return { work, begun, end, under: () => [...under.keys()] }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('mapping with a limit', () => {
  it('gives the results in the order of the items, whichever ends first', async () => {
    const { work, end } = workshop()
    const all = mapLimited([1, 2, 3], 3, work)
    for (const item of [3, 1, 2]) await end(item)
    assert.deepEqual(await all, ['made of 1', 'made of 2', 'made of 3'])
  })

  it('begins another only when one has ended', async () => {
    const { work, begun, end, under } = workshop()
    const all = mapLimited([1, 2, 3, 4], 2, work)
    assert.deepEqual(begun, [1, 2])
    await end(2)
    assert.deepEqual(
      [begun, under()],
      [
        [1, 2, 3],
        [1, 3],
      ],
    )
    await end(1)
    assert.deepEqual(under(), [3, 4])
    for (const item of [4, 3]) await end(item)
    await all
  })

  it('begins nothing after the first failure, and ends when those under way have ended', async () => {
    const { work, begun, end, under } = workshop()
    const events: string[] = []
    const first = new Error('first')
    const all = mapLimited([1, 2, 3, 4, 5], 3, work).catch((error: unknown) => {
      events.push('over')
      throw error
    })
    const refused = assert.rejects(all, first)
    await end(2, first)
    assert.deepEqual([begun, under(), events], [[1, 2, 3], [1, 3], []])
    await end(1)
    assert.deepEqual([begun, events], [[1, 2, 3], []])
    await end(3)
    await refused
    assert.deepEqual(begun, [1, 2, 3])
  })

  it('fails by the failure that came first', async () => {
    const { work, end } = workshop()
    const [first, second] = [new Error('first'), new Error('second')]
    const refused = assert.rejects(mapLimited([1, 2], 2, work), first)
    await end(2, first)
    await end(1, second)
    await refused
  })

  it('of work that throws at once fails, too', async () => {
    const error = new Error('at once')
    const fail = () => {
      throw error
    }
    await assert.rejects(mapLimited([1], 1, fail), error)
  })

  it('does each once, and never more at once than it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), async (items, limit) => {
        let [now, most, count] = [0, 0, 0]
        const results = await mapLimited(items, limit, async (item) => {
          count += 1
          most = Math.max(most, ++now)
          for (let turn = item % 3; turn >= 0; turn--) await undefined
          now -= 1
          return item * 2
        })
        assert.deepEqual(
          results,
          items.map((item) => item * 2),
        )
        assert.equal(count, items.length)
        assert.equal(most, Math.min(limit, items.length))
      }),
    )
  })
})

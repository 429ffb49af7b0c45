import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  addRelease,
  type ChannelRule,
  channelRelease,
  emptyStoreIndex,
  promote,
  promotionProblems,
  type StoreIndex,
  yank,
} from './channels.ts'
import { type CheckState, lackingChecks, type Release, type ReleaseCheck } from './manifest.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const passed: CheckState = { state: 'passed' }

function releaseOf(version: string, checks: Partial<Record<ReleaseCheck, CheckState>> = {}): Release {
  const artifact = (file: string) => ({ file, image: 'x', digest: digest('0'), size: 1, checks })
  return {
    schema: 'kiln.release/v1',
    name: 'fleet',
    version,
    required: ['checksum', 'boot'],
    artifacts: [artifact('a.iso'), artifact('b.iso')],
  }
}

const rules: readonly ChannelRule[] = [
  { name: 'edge', soak: 0, require: [] },
  { name: 'beta', soak: 24, require: ['boot'] },
  { name: 'stable', soak: 72, require: [] },
]

describe('what a manifest lacks', () => {
  const cases: readonly (readonly [
    what: string,
    state: CheckState | undefined,
    problem: string | undefined,
  ])[] = [
    ['passed', passed, undefined],
    ['failed', { state: 'failed', reason: 'no login' }, 'failed: no login'],
    ['not run, with a reason', { state: 'not-run', reason: 'no machine' }, 'not-run: no machine'],
    ['not there', undefined, 'not-run: nobody looked'],
    ['waived until today', { state: 'waived', who: 'ann', why: 'x', until: '2026-05-10' }, undefined],
    [
      'waived until yesterday',
      { state: 'waived', who: 'ann', why: 'x', until: '2026-05-09' },
      'expired: the waiver of ann ended on 2026-05-09',
    ],
  ]
  for (const [what, state, problem] of cases) {
    it(what, () => {
      const release = releaseOf('v1', { checksum: passed, ...(state ? { boot: state } : {}) })
      const found = lackingChecks(release, '2026-05-10')
      assert.deepEqual(
        found.map(({ file, check, what, detail }) => `${file} ${check} ${what}: ${detail}`),
        problem === undefined ? [] : ['a.iso', 'b.iso'].map((file) => `${file} boot ${problem}`),
      )
    })
  }
})

describe('channels', () => {
  const published = (...versions: string[]): StoreIndex =>
    versions.reduce(
      (index, version, number) =>
        addRelease(index, releaseOf(version), digest(String(number + 1)), `2026-05-0${number + 1}T00:00:00Z`),
      emptyStoreIndex('fleet'),
    )
  const move = (index: StoreIndex, version: string, channel: string, now: string) => {
    const release = index.releases.find((each) => each.version === version)
    if (!release) throw new Error(`${version} is not published`)
    return promote(index, release, channel, now).index
  }
  const problems = (index: StoreIndex, channel: string, now: string, checks = {}) =>
    promotionProblems(index, releaseOf('v1', checks), channel, rules, now)

  it('a version that is published never changes, and is published once', () => {
    const index = published('v1')
    assert.equal(addRelease(index, releaseOf('v1'), digest('1'), 'later'), index)
    assert.throws(() => addRelease(index, releaseOf('v1'), digest('9'), 'later'), /is another one/)
  })

  it('a release comes to a channel when it has been in the one before for long enough, and has passed', () => {
    const index = published('v1')
    assert.deepEqual(problems(emptyStoreIndex('fleet'), 'edge', '2026-05-01T00:00:00Z'), [
      'v1 is not published',
    ])
    assert.match(problems(index, 'next', '2026-05-01T00:00:00Z').join(), /there is no channel next/)
    assert.match(problems(index, 'beta', '2026-05-09T00:00:00Z', { boot: passed }).join(), /never in edge/)
    const edge = move(index, 'v1', 'edge', '2026-05-02T00:00:00Z')
    assert.match(problems(edge, 'beta', '2026-05-02T23:59:00Z', { boot: passed }).join(), /for 23 hours/)
    assert.deepEqual(problems(edge, 'beta', '2026-05-03T00:00:00Z', { boot: passed }), [])
    const waived: CheckState = { state: 'waived', who: 'a', why: 'b', until: '2027-01-01' }
    assert.deepEqual(problems(edge, 'beta', '2026-05-03T00:00:00Z', { boot: waived }), [
      'boot has not passed for a.iso and 1 more',
    ])
  })

  it('keep where they pointed, and the same again changes nothing', () => {
    const once = move(published('v1', 'v2'), 'v1', 'edge', '2026-05-03T00:00:00Z')
    assert.equal(move(once, 'v1', 'edge', 'later'), once)
    const twice = move(once, 'v2', 'edge', '2026-05-04T00:00:00Z')
    assert.deepEqual(
      twice.channels.edge?.map(({ version, at }) => `${version} ${at}`),
      ['v2 2026-05-04T00:00:00Z', 'v1 2026-05-03T00:00:00Z'],
    )
  })

  it('go back from a release that is withdrawn, to one that is not', () => {
    let index = published('v1', 'v2', 'v3')
    for (const version of ['v1', 'v2', 'v3'])
      index = move(index, version, 'edge', `2026-05-1${version[1]}T00:00:00Z`)
    index = yank(index, 'v2', 'slow', '2026-05-14T00:00:00Z')
    assert.equal(channelRelease(index, 'edge')?.version, 'v3')
    index = yank(index, 'v3', 'broken', '2026-05-15T00:00:00Z')
    assert.equal(channelRelease(index, 'edge')?.version, 'v1')
    assert.match(promotionProblems(index, releaseOf('v3'), 'edge', rules, 'x').join(), /withdrawn: broken/)
    index = yank(index, 'v1', 'all of it', '2026-05-16T00:00:00Z')
    assert.equal(channelRelease(index, 'edge'), undefined)
    assert.equal(index.releases.length, 3, 'nothing is forgotten')
  })
})

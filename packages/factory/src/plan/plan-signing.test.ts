import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ResolvedSecureBoot } from '../secure-boot/resolve.ts'
import { buildOf, keys, rootOf, sample } from '../testkit/sample-plan.ts'
import { planBuild } from './plan.ts'
import { stepId } from './step-id.ts'

const secureBoot = (folder = '/keys', digest = 'sha256:11'): ResolvedSecureBoot => ({
  signing: { keys: { folder, digest }, pcr: { folder, digest: 'sha256:22' } },
  enrolment: { mode: 'if-safe', keys: { folder, digest: 'sha256:33' } },
  daysLeft: 300,
})
const unsigned = planBuild(buildOf(sample), ['iso', 'raw'])
const plan = (keyed = secureBoot()) =>
  planBuild({ ...buildOf(sample), signingTools: rootOf(['openssl']), secureBoot: keyed }, ['iso', 'raw'])
const id = (what: string) => stepId(sample, what)
const keyOf = (made: typeof unsigned, step: string) => keys(made.steps).get(step)

describe('the steps of a build that signs', () => {
  const made = plan()
  const step = (name: string) => made.steps.find((each) => each.id === name)

  it('make the payload as it is without keys, under the same content key', () => {
    assert.equal(keyOf(made, id('payload/unsigned')), keyOf(unsigned, id('payload')))
    assert.equal(step(id('payload'))?.kind, 'signed-payload')
  })

  it('give the carriers what is signed, in place of what is not', () => {
    assert.equal(step(id('iso'))?.inputs['boot-loader' as never], 'boot-loader/amd64/signed')
    assert.equal(step(id('raw'))?.inputs['payload' as never], id('payload'))
    assert.deepEqual(step(id('payload'))?.inputs, {
      payload: id('payload/unsigned'),
      'boot-loader': 'boot-loader/amd64/signed',
      toolchain: 'signing-tools',
    })
  })

  it('do not depend on where the keys lie, only on which they are', () => {
    for (const name of [id('payload'), id('iso'), id('raw'), 'boot-loader/amd64/signed']) {
      assert.equal(keyOf(plan(secureBoot('/elsewhere')), name), keyOf(made, name), name)
      assert.notEqual(keyOf(plan(secureBoot('/keys', 'sha256:44')), name), keyOf(made, name), name)
    }
  })

  it('are not there where nothing is signed', () => {
    assert.ok(!unsigned.steps.some(({ kind, id }) => kind.startsWith('signed') || id.startsWith('signing')))
  })
})

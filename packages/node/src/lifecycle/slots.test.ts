import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AgentError, type AgentReason } from '../agent-error.ts'
import { tools } from '../testkit/installed-node.ts'
import { type MadePayload, makePayload, sha256 } from '../testkit/payload-files.ts'
import { type RootedHost, rootedHost } from '../testkit/rooted-host.ts'
import { listSlots, pruneSlots, type SlotSource, slotFolder, stageSlot, verifySlot } from './slots.ts'

const state = '/state'

function payloadOf(context: TestContext, seed: string): MadePayload {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-payload-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return makePayload(folder, { seed, rootBytes: 5000 })
}

/** Copies files of a payload; `fetched` tells which. */
function sourceOf({ folder }: RootedHost, made: MadePayload): SlotSource & { readonly fetched: string[] } {
  const fetched: string[] = []
  return {
    fetched,
    describe: () => ({ payload: made.payload, digest: made.digest }),
    fetch: (file, target, progress) => {
      fetched.push(file)
      writeFileSync(folder + target, readFileSync(join(made.folder, file)))
      progress(1, 1)
    },
  }
}

function machine(context: TestContext): RootedHost {
  return rootedHost(context, { '/state/kiln/x': '' }, tools)
}

const reason = (expected: AgentReason) => (error: unknown) =>
  error instanceof AgentError && error.reason === expected

/** Boot files are on the EFI partition alone. */
const slotFilesOf = ({ files }: MadePayload) =>
  files.filter((file) => !['boot.efi', 'kernel', 'initramfs'].includes(file)).toSorted()

test('slots: a payload becomes a slot, byte for byte, and is not fetched again', (context) => {
  const rooted = machine(context)
  const made = payloadOf(context, 'a')
  const source = sourceOf(rooted, made)
  const slot = stageSlot(rooted.host, state, source, { inUse: [] })
  assert.equal(slot, made.payload.root.rootHash)
  assert.deepEqual(readdirSync(rooted.folder + slotFolder(state, slot)).toSorted(), slotFilesOf(made))
  assert.deepEqual(verifySlot(rooted.host, state, slot), made.payload)
  const { length } = source.fetched
  assert.equal(stageSlot(rooted.host, state, source, { inUse: [slot] }), slot)
  assert.equal(source.fetched.length, length)
})

test('slots: what was fetched before a power cut is kept, what is broken is fetched again', (context) => {
  const rooted = machine(context)
  const made = payloadOf(context, 'a')
  const source = sourceOf(rooted, made)
  const broken: SlotSource = {
    ...source,
    fetch: (file, target, progress) => {
      if (file === 'systemd-boot.efi') throw new Error('the power is gone')
      source.fetch(file, target, progress)
    },
  }
  assert.throws(() => stageSlot(rooted.host, state, broken, { inUse: [] }), /power/)
  assert.deepEqual(listSlots(rooted.host, state), [])
  const part = slotFolder(state, `.part-${made.payload.root.rootHash}`)
  rooted.host.write(`${part}/packages.json`, 'torn')
  rooted.host.write(`${part}/of-another-time`, '')
  source.fetched.length = 0
  const slot = stageSlot(rooted.host, state, source, { inUse: [] })
  assert.ok(!source.fetched.includes('root.img') && source.fetched.includes('packages.json'))
  assert.deepEqual(readdirSync(rooted.folder + slotFolder(state, slot)).toSorted(), slotFilesOf(made))
})

test('slots: bytes that come back different are not used', (context) => {
  const rooted = machine(context)
  const source = sourceOf(rooted, payloadOf(context, 'a'))
  const lying: SlotSource = {
    ...source,
    fetch: (_file, target) => rooted.host.write(target, 'something else'),
  }
  assert.throws(() => stageSlot(rooted.host, state, lying, { inUse: [] }), reason('slot-damaged'))
  assert.deepEqual(listSlots(rooted.host, state), [])
})

test('slots: a damaged one is written anew, unless it is in use', (context) => {
  const rooted = machine(context)
  const source = sourceOf(rooted, payloadOf(context, 'a'))
  const slot = stageSlot(rooted.host, state, source, { inUse: [] })
  rooted.host.write(`${slotFolder(state, slot)}/root.img`, 'flipped')
  assert.throws(() => verifySlot(rooted.host, state, slot), reason('slot-damaged'))
  assert.throws(() => stageSlot(rooted.host, state, source, { inUse: [slot] }), reason('slot-damaged'))
  stageSlot(rooted.host, state, source, { inUse: [] })
  verifySlot(rooted.host, state, slot)
})

test('slots: another build with the same root does not take the place of one in use', (context) => {
  const rooted = machine(context)
  const made = payloadOf(context, 'a')
  const slot = stageSlot(rooted.host, state, sourceOf(rooted, made), { inUse: [] })
  const other = payloadOf(context, 'a')
  const card = { ...other.payload, cmdline: 'quiet splash' }
  const text = JSON.stringify(card)
  writeFileSync(join(other.folder, 'payload.json'), text)
  const digest = sha256(text)
  const source = { ...sourceOf(rooted, other), describe: () => ({ payload: card, digest }) }
  assert.throws(() => stageSlot(rooted.host, state, source, { inUse: [slot] }), reason('slot-conflict'))
  stageSlot(rooted.host, state, source, { inUse: [] })
  assert.equal(verifySlot(rooted.host, state, slot).cmdline, 'quiet splash')
})

test('slots: pruning keeps what is named, also what is not finished', (context) => {
  const rooted = machine(context)
  const put = (seed: string) =>
    stageSlot(rooted.host, state, sourceOf(rooted, payloadOf(context, seed)), { inUse: [] })
  const kept = put('a')
  put('b')
  const wanted = 'cd'.repeat(32)
  rooted.host.mkdir(`${state}/slots/.part-${wanted}`)
  rooted.host.mkdir(`${state}/slots/.part-${'ef'.repeat(32)}`)
  assert.ok(pruneSlots(rooted.host, state, [kept, wanted]) > 5000)
  assert.deepEqual(rooted.host.list(`${state}/slots`), [`.part-${wanted}`, kept])
})

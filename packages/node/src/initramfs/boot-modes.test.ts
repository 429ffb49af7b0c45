import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arm, beginOperation, bless, emptyRecord, type NodeRecord, serialiseRecord } from '@kiln/contract'
import { checked, programs, rootHash, slot } from '../testkit/boot-machine.ts'
import { recordedImage } from '../testkit/lifecycle-data.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { runInitramfs } from './boot.ts'

const hashed = {
  ...slot,
  '/proc/cmdline': `${checked} kiln.entry=kiln-1\n`,
  [`/run/initramfs/cos-state/slots/${rootHash}/root.img`]: '',
}
const newest = { slot: rootHash, image: recordedImage('v1'), source: 'x', made: 'x' }
const record = bless(arm(emptyRecord(), newest), 1)
const withNewer = arm(record, { ...newest, slot: 'ef'.repeat(32) })

function withRecord(value: NodeRecord) {
  return { ...hashed, '/run/initramfs/cos-state/kiln/record.0.json': serialiseRecord(value) }
}

for (const [mode, files] of [
  ['active', withRecord(record)],
  ['passive', withRecord(withNewer)],
] as const) {
  test(`boot: the slot of the root hash, ${mode}`, (context) => {
    const { host, calls } = rootedHost(context, files, programs)
    assert.equal(runInitramfs(host), 0)
    assert.deepEqual(host.list('/run/cos'), [`${mode}_mode`])
    const facts = JSON.parse(host.readText('/run/kiln/boot.json'))
    assert.deepEqual([facts.mode, facts.generation, facts.slot], [mode, 1, rootHash])
    assert.ok(calls.includes('mount ext4 /dev/vda3 /run/kiln/store'))
  })
}

test('boot: recovery has /oem, and its store in memory', (context) => {
  const files = { ...hashed, '/proc/cmdline': `${checked} kiln.entry=kiln-recovery\n` }
  const { host, calls } = rootedHost(context, files, programs)
  assert.equal(runInitramfs(host), 0)
  assert.deepEqual(host.list('/run/cos'), ['recovery_mode'])
  assert.deepEqual(
    calls.filter((call) => /\/oem$|kiln\/store( mode.*)?$/.test(call) && call.startsWith('mount')),
    ['mount ext4 /dev/vda1 /sysroot/oem', 'mount tmpfs tmpfs /run/kiln/store mode=0755,size=25%'],
  )
})

for (const [phase, oem, entry, mounted] of [
  ['armed', true, 'kiln-1', ['vda1', 'vda3']],
  ['persistent', false, 'kiln-1', ['vda1']],
  ['persistent', true, 'kiln-recovery', ['vda1']],
  ['oem', false, 'kiln-1', ['vda1', 'vda3']],
  ['oem', true, 'kiln-1', ['vda3']],
  ['oem', true, 'kiln-recovery', []],
  ['generation', true, 'kiln-1', ['vda1', 'vda3']],
] as const) {
  const what = `a reset ${oem ? 'with /oem ' : ''}is at "${phase}"`
  test(`boot: ${entry} while ${what} does not mount what it makes anew`, (context) => {
    const operation = { id: 'r', kind: 'reset', phase, started: 'x', detail: { oem } } as const
    const resetting = beginOperation(record, operation)
    const files = {
      ...withRecord(resetting),
      '/proc/cmdline': `${checked} kiln.slot=${rootHash} kiln.entry=${entry}\n`,
    }
    const { host, calls } = rootedHost(context, files, programs)
    assert.equal(runInitramfs(host), 0)
    const devices = calls.flatMap((call) => call.match(/^mount ext4 \/dev\/(vda[13]) /)?.[1] ?? [])
    assert.deepEqual(devices, mounted)
  })
}

test('boot: what fails leaves a note for the generation that comes up instead', (context) => {
  const files = { ...withRecord(record), '/sysroot/sbin/init': '-> /nowhere' }
  const { host, calls } = rootedHost(context, files, programs)
  assert.equal(runInitramfs(host), 1)
  const note = JSON.parse(host.readText('/run/initramfs/cos-state/kiln/failure-1.json'))
  assert.deepEqual([note.reason, note.generation, note.entry], ['init-missing', 1, 'kiln-1'])
  const remounts = calls.filter((call) => call.includes('remount'))
  assert.deepEqual(remounts.at(-1), 'mount - none /run/initramfs/cos-state remount,ro')
})

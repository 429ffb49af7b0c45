import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Layout, parseBootParameters } from '@kiln/contract'
import { BootFailure, type FailureReason } from './failure.ts'
import { planConfiguration, planRoot, planWritable, type Step } from './plan.ts'

const rootHash = 'ab'.repeat(32)
const checked = `kiln.roothash=${rootHash} kiln.hashoffset=4096`

function plan(commandLine: string): Step[] {
  return planRoot(parseBootParameters(commandLine), ['loop'])
}

function kinds(steps: readonly Step[]): string {
  return steps.map(({ kind }) => kind).join(' ')
}

const refused: readonly (readonly [commandLine: string, reason: FailureReason])[] = [
  ['root=live:CDLABEL=COS_LIVE', 'no-root-hash'],
  ['root=live:CDLABEL=COS_LIVE kiln.hashoffset=4096', 'no-root-hash'],
  [`root=live:CDLABEL=COS_LIVE kiln.roothash=${rootHash}`, 'no-root-hash'],
  [`root=live:CDLABEL=COS_LIVE kiln.roothash=${rootHash.slice(1)} kiln.hashoffset=4096`, 'no-root-hash'],
  [`root=live:CDLABEL=COS_LIVE kiln.roothash=${rootHash} kiln.hashoffset=many`, 'no-root-hash'],
  [`${checked} root=/dev/sda2`, 'no-root-source'],
  [`${checked} kiln.slot=../../etc`, 'no-root-source'],
  [`${checked} kiln.slot=..`, 'no-root-source'],
]

for (const [commandLine, reason] of refused) {
  test(`plan: ${commandLine} is refused: ${reason}`, () => {
    assert.throws(
      () => plan(commandLine),
      (error) => error instanceof BootFailure && error.reason === reason,
    )
  })
}

test('plan: a live medium is found by its label and read through before anything of it runs', () => {
  const steps = plan(`${checked} root=live:CDLABEL=COS_LIVE`)
  assert.equal(kinds(steps), 'loadModules mountMedium openRoot readThrough mountRoot checkInit sentinel')
  assert.deepEqual(steps[1], {
    kind: 'mountMedium',
    label: 'COS_LIVE',
    types: ['iso9660'],
    target: '/run/initramfs/live',
    timeoutMs: 30_000,
    onLoaderDisk: false,
  })
  assert.deepEqual(steps[2], {
    kind: 'openRoot',
    image: '/run/initramfs/live/payload/root.img',
    rootHash,
    hashOffset: 4096,
  })
  assert.deepEqual(steps.at(-1), { kind: 'sentinel', name: 'live_mode' })
})

test('plan: kiln.verify=lazy leaves the reading-through out, never the check', () => {
  const steps = plan(`${checked} root=live:LABEL=X kiln.verify=lazy`)
  assert.equal(kinds(steps), 'loadModules mountMedium openRoot mountRoot checkInit sentinel')
})

test('plan: a slot is a folder of COS_STATE', () => {
  const steps = plan(`${checked} kiln.slot=0123abc root=live:CDLABEL=COS_LIVE`)
  assert.equal(kinds(steps), 'loadModules readFirmware mountMedium openRoot mountRoot checkInit identify')
  assert.deepEqual(steps[3], {
    kind: 'openRoot',
    image: '/run/initramfs/cos-state/slots/0123abc/root.img',
    rootHash,
    hashOffset: 4096,
  })
  assert.deepEqual(steps.at(-1), { kind: 'identify', slot: '0123abc' })
})

test('plan: without a word about the root, the slot is the root hash', () => {
  const [, , medium, root] = plan(checked)
  assert.deepEqual(
    [medium?.kind, medium && 'onLoaderDisk' in medium && medium.onLoaderDisk],
    ['mountMedium', true],
  )
  assert.equal(root && 'image' in root && root.image, `/run/initramfs/cos-state/slots/${rootHash}/root.img`)
})

test('plan: /oem is mounted before the rootfs stage, in memory where there is no partition', () => {
  assert.deepEqual(planConfiguration(undefined)[0], {
    kind: 'mount',
    request: { source: 'tmpfs', target: '/sysroot/oem', type: 'tmpfs', data: 'mode=0755,size=16m' },
  })
  const [mount, stage] = planConfiguration({ path: '/dev/vda2', type: 'ext4' })
  assert.deepEqual(mount, {
    kind: 'mount',
    request: { source: '/dev/vda2', target: '/sysroot/oem', type: 'ext4' },
  })
  assert.deepEqual(stage, { kind: 'stage', stage: 'rootfs' })
})

const layout: Layout = {
  schema: 'kiln.layout/v1',
  ephemeral: ['/var', '/etc'],
  persistent: ['/var/log', '/home', '/etc/ssh'],
  store: '/usr/local',
}

/** What is put in place, in order. */
function placed(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => (step.kind === 'overlay' || step.kind === 'bind' ? [step.path] : []))
}

test('plan: parents come before children, whatever the order in the layout', () => {
  const expected = ['/etc', '/home', '/var', '/etc/ssh', '/usr/local', '/var/log']
  assert.deepEqual(placed(planWritable(layout, undefined)), expected)
  const reversed = {
    ...layout,
    ephemeral: layout.ephemeral.toReversed(),
    persistent: layout.persistent.toReversed(),
  }
  assert.deepEqual(planWritable(reversed, undefined), planWritable(layout, undefined))
})

test('plan: the store is in memory where there is no partition for it', () => {
  const target = '/run/kiln/store'
  const memory = { source: 'tmpfs', target, type: 'tmpfs', data: 'mode=0755,size=25%' }
  assert.deepEqual(planWritable(layout, undefined)[0], { kind: 'mount', request: memory })
  const disk = { source: '/dev/vda4', target, type: 'ext4' }
  assert.deepEqual(planWritable(layout, { path: '/dev/vda4', type: 'ext4' })[0], {
    kind: 'mount',
    request: disk,
  })
})

test('plan: a persistent path is filled before it is bound', () => {
  const steps = planWritable(layout, undefined)
  const source = '/run/kiln/store/.state/var-log.bind'
  const seed = steps.findIndex((step) => step.kind === 'seed' && step.path === '/var/log')
  assert.deepEqual(steps[seed], { kind: 'seed', path: '/var/log', target: source })
  assert.deepEqual(steps[seed + 1], { kind: 'bind', source, path: '/var/log' })
})

test('plan: everything that was opened for the stage is closed again', () => {
  const steps = planWritable(layout, undefined)
  const opened = steps.flatMap((step) =>
    step.kind === 'mount' && step.request.flags?.includes('bind') ? [step.request.target] : [],
  )
  const closed = steps.flatMap((step) => (step.kind === 'unmount' ? [step.path] : []))
  assert.deepEqual(closed, [...opened, '/run/kiln/store'])
})

for (const path of ['etc', '/', '/etc/', '/a,b', '/a:b', '/a b', '/var/../etc', '/a\\b']) {
  test(`plan: ${JSON.stringify(path)} cannot be a writable path`, () => {
    assert.throws(() => planWritable({ ...layout, ephemeral: [path] }, undefined), BootFailure)
  })
}

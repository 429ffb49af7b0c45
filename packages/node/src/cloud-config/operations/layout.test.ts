import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { LayoutConfig } from '@kiln/contract/cloud-config/schema/modules/system'
import { playedActor } from '../../testkit/actors.ts'
import type { Program } from '../../testkit/rooted-host.ts'
import { applyLayout } from './layout.ts'

interface Part {
  readonly name: string
  /** MiB. */
  readonly start: number
  readonly size: number
  readonly fs?: string
}

const sectors = (mebibytes: number) => mebibytes * 2048

/** A disk of 1 GiB in the hands of sfdisk and lsblk, as far as they are asked. */
function machine(
  context: TestContext,
  parts: readonly Part[],
  disk: { table?: string; mounted?: string } = {},
) {
  const { table = 'gpt', mounted } = disk
  const inputs: string[] = []
  const nodes = [...parts]
  const lsblk = () => {
    const children = nodes.map((part, at) => ({
      ...{ name: `vdb${at + 1}`, path: `/dev/vdb${at + 1}`, type: 'part', size: part.size * 1048576 },
      ...{ partlabel: part.name, fstype: part.fs ?? null, label: `fs-${part.name}` },
    }))
    const device = {
      name: 'vdb',
      path: '/dev/vdb',
      type: 'disk',
      size: 1024 * 1048576,
      pttype: table,
      children,
    }
    return { stdout: JSON.stringify({ blockdevices: [device] }) }
  }
  const printed = () => {
    const partitions = nodes.map((part, at) => ({
      ...{ node: `/dev/vdb${at + 1}`, name: part.name, start: sectors(part.start), size: sectors(part.size) },
    }))
    const lastlba = sectors(1023) - 1
    return {
      stdout: JSON.stringify({ partitiontable: { label: table, sectorsize: 512, lastlba, partitions } }),
    }
  }
  const scripts: Readonly<Record<string, object>> = {
    good: { stdout: '/dev/vdb\n' },
    none: { stdout: '\n' },
    bad: { code: 3 },
  }
  const programs: Readonly<Record<string, (args: readonly string[]) => object | undefined>> = {
    readlink: (args) => ({ stdout: `${args.at(-1)}\n` }),
    '/bin/sh': (args) => scripts[args.at(-1) ?? ''],
    findmnt: () => (mounted === undefined ? { code: 1 } : { stdout: `${mounted}\n` }),
    lsblk,
    sfdisk: ([first]) => (first === '--json' ? printed() : undefined),
  }
  const program: Program = (argv) => {
    const [name = '', ...args] = argv[1] === 'chroot' ? argv.slice(3) : argv
    return programs[name]?.(args)
  }
  const played = playedActor(context, {}, program)
  const { run } = played.actor.host
  Object.assign(played.actor.host, {
    run: (...[argv, options]: Parameters<typeof run>) => {
      const result = run(argv, options)
      if (options?.input !== undefined) inputs.push(options.input.trim())
      const [, size] = options?.input?.match(/^size=(\d+)MiB/) ?? []
      if (argv.includes('--append')) {
        const name = options?.input?.match(/name="([^"]*)"/)?.[1] ?? ''
        nodes.push({ name, start: 500, size: Number(size ?? 100) })
      }
      return result
    },
  })
  const changes = () =>
    played.calls.filter((call) => !/^(lsblk|readlink|sfdisk --json|findmnt|udevadm)/.test(call))
  const apply = (layout: LayoutConfig) => played.act({ kind: 'layout', layout })
  return { ...played, apply, changes, inputs }
}

const quietly = '--no-reread --no-tell-kernel'
const relocate = `sfdisk --quiet ${quietly} --relocate gpt-bak-std /dev/vdb`
const device = { path: '/dev/vdb' }

test('layout (Y23): adds a partition with its file system, and only once', (t) => {
  const { apply, changes, inputs } = machine(t, [])
  const layout: LayoutConfig = {
    device,
    add_partitions: [{ pLabel: 'data', fsLabel: 'DATA', size: 100, filesystem: 'ext4' }],
  }
  assert.deepEqual(apply(layout), [])
  assert.deepEqual(changes(), [
    relocate,
    `sfdisk --quiet --append ${quietly} /dev/vdb`,
    'partx --update /dev/vdb',
    'mkfs.ext4 -q -F -L DATA /dev/vdb1',
  ])
  assert.deepEqual(inputs, ['size=100MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="data"'])
  assert.deepEqual(apply(layout), [])
  assert.equal(changes().length, 4)
})

test('layout: a partition without a file system, and one that takes what is left', (t) => {
  const { apply, changes, inputs } = machine(t, [])
  for (const filesystem of ['-', 'none', 'noformat'] as const) {
    assert.deepEqual(apply({ device, add_partitions: [{ pLabel: filesystem, filesystem }] }), [])
  }
  assert.ok(!changes().some((call) => call.startsWith('mk')))
  assert.ok(inputs.every((input) => input.startsWith('type=')))
})

const expand: readonly (readonly [
  what: string,
  parts: readonly Part[],
  size: number,
  ran: readonly string[] | RegExp,
])[] = [
  [
    'to all that is left',
    [{ name: 'a', start: 1, size: 100, fs: 'ext4' }],
    0,
    [
      relocate,
      `sfdisk --quiet -N 1 ${quietly} /dev/vdb`,
      'partx --update /dev/vdb',
      'e2fsck -f -p /dev/vdb1',
      'resize2fs /dev/vdb1',
    ],
  ],
  [
    'to a size, the one that comes last on the disk',
    [
      { name: 'late', start: 200, size: 512, fs: 'ext4' },
      { name: 'early', start: 1, size: 100, fs: 'ext4' },
    ],
    600,
    [
      relocate,
      `sfdisk --quiet -N 1 ${quietly} /dev/vdb`,
      'partx --update /dev/vdb',
      'e2fsck -f -p /dev/vdb1',
      'resize2fs /dev/vdb1',
    ],
  ],
  [
    'that is full',
    [{ name: 'a', start: 1, size: 1022, fs: 'ext4' }],
    0,
    [relocate, 'e2fsck -f -p /dev/vdb1', 'resize2fs /dev/vdb1'],
  ],
  ['to less', [{ name: 'a', start: 1, size: 512 }], 256, /cannot become smaller/],
  [
    'beyond the disk',
    [{ name: 'a', start: 1, size: 512 }],
    2000,
    /cannot become 2000 MiB: there are 1022 MiB/,
  ],
  ['of swap', [{ name: 'a', start: 1, size: 512, fs: 'swap' }], 0, /swap resizing is not supported/],
  ['of a kind that cannot grow', [{ name: 'a', start: 1, size: 512, fs: 'vfat' }], 0, /vfat cannot be grown/],
  ['that is not there', [], 0, /no partition to expand/],
]

for (const [what, parts, size, expected] of expand) {
  test(`layout (Y23): growing a partition ${what}`, (t) => {
    const { apply, changes } = machine(t, parts)
    const said = apply({ device, expand_partition: { size } })
    if (expected instanceof RegExp) assert.match(said.join(), expected)
    else assert.deepEqual([said, changes()], [[], expected])
  })
}

test('layout: a file system that is mounted grows where it is', (t) => {
  const { apply, changes } = machine(t, [{ name: 'a', start: 1, size: 100, fs: 'xfs' }], { mounted: '/srv' })
  assert.deepEqual(apply({ device, expand_partition: {} }), [])
  assert.equal(changes().at(-1), 'xfs_growfs /srv')
})

const devices: readonly (readonly [
  what: string,
  device: LayoutConfig['device'],
  expected: RegExp | undefined,
])[] = [
  ['by the label of a file system on it', { label: 'fs-a' }, undefined],
  ['by a label that nothing has', { label: 'none' }, /no disk has a file system none/],
  ['by the output of a command (Y24)', { path: 'script://good' }, undefined],
  ['by a command that fails (Y24)', { path: 'script://bad' }, /ended with 3/],
  ['by a command that says nothing (Y24)', { path: 'script://none' }, /is empty/],
  ['that is not there', { path: '/dev/sdz' }, /is not a disk/],
  ['of nobody', undefined, /needs a path or a label/],
]

for (const [what, named, expected] of devices) {
  test(`layout: a disk ${what}`, (t) => {
    const { apply } = machine(t, [{ name: 'a', start: 1, size: 10 }])
    const said = apply({ device: named }).join()
    if (expected) assert.match(said, expected)
    else assert.equal(said, '')
  })
}

test('layout: what cannot be is refused before anything is changed', (t) => {
  const long = machine(t, [])
  const xfs = { pLabel: 'x', filesystem: 'xfs', fsLabel: 'THIRTEENCHARS' } as const
  assert.match(long.apply({ device, add_partitions: [xfs] }).join(), /cannot be longer than 12 chars/)
  assert.deepEqual(long.changes(), [])
  const dos = machine(t, [], { table: 'dos' })
  assert.match(dos.apply({ device: { ...device, init_disk: true } }).join(), /is not empty \(dos\)/)
  assert.match(dos.apply({ device }).join(), /kind dos, not GPT/)
  assert.deepEqual(dos.changes(), [])
})

test('layout: in the initramfs, the programs are those of the image, in its root', (t) => {
  const { actor, calls } = machine(t, [{ name: 'first', start: 1, size: 100, fs: 'ext4' }])
  const layout = { device, expand_partition: {} }
  applyLayout({ kind: 'layout', layout }, { ...actor, image: '/sysroot' })
  const programs = calls.filter((call) => !/mount/.test(call))
  assert.ok(programs.length > 4)
  for (const call of programs) assert.match(call, /^\/bin\/busybox chroot \/sysroot /)
  assert.deepEqual(
    calls.filter((call) => call.startsWith('unmount')),
    ['/run', '/sys', '/proc', '/dev'].map((folder) => `unmount /sysroot${folder}`),
  )
})

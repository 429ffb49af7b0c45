import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HostError } from '../host/host.ts'
import { checked, layout, live, machine, programs, rootHash, slot } from '../testkit/boot-machine.ts'
import { isoImage } from '../testkit/images.ts'
import { type Program, rootedHost } from '../testkit/rooted-host.ts'
import { rescueShellCode, runInitramfs } from './boot.ts'

const handover = [
  'mount - /proc /sysroot/proc bind,rec',
  'mount - /sys /sysroot/sys bind,rec',
  'mount - /dev /sysroot/dev bind,rec',
  'mount - /run /sysroot/run bind,rec',
  'mount tmpfs tmpfs /run/overlay mode=0755,size=25%',
  '/bin/busybox chroot /sysroot cp -a /usr/local/. /run/kiln/store',
  'mount overlay overlay /sysroot/etc lowerdir=/sysroot/etc,upperdir=/run/overlay/etc/.overlay/upper,workdir=/run/overlay/etc/.overlay/work',
  '/bin/busybox chroot /sysroot cp -a /etc/ssh /run/kiln/store/.state/etc-ssh.bind.new',
  'mount - /run/kiln/store/.state/etc-ssh.bind /sysroot/etc/ssh bind',
  'mount - /run/kiln/store /sysroot/usr/local bind',
  '/bin/busybox chroot /sysroot /usr/bin/kiln-agent run-stage initramfs',
  'unmount /sysroot/proc',
  'unmount /sysroot/sys',
  'unmount /sysroot/dev',
  'unmount /sysroot/run',
  'unmount /run/kiln/store',
]

test('boot: a live medium, from the modules to the handover', (context) => {
  const { host, calls } = rootedHost(context, live, programs)
  assert.equal(runInitramfs(host), 0)
  assert.deepEqual(
    calls.filter((call) => !call.startsWith('chown')),
    [
      '/bin/busybox modprobe loop',
      'mount iso9660 /dev/sr0 /run/initramfs/live ro',
      '/bin/busybox losetup -f',
      '/bin/busybox losetup -r /dev/loop3 /run/initramfs/live/payload/root.img',
      `/bin/veritysetup open /dev/loop3 kiln-root /dev/loop3 ${rootHash} --hash-offset=8192`,
      'mount squashfs /dev/mapper/kiln-root /sysroot ro',
      'mount tmpfs tmpfs /sysroot/oem mode=0755,size=16m',
      'mount tmpfs tmpfs /run/kiln/store mode=0755,size=25%',
      ...handover,
    ],
  )
  assert.equal(host.stat('/run/cos/live_mode').type, 'file')
  const facts = JSON.parse(host.readText('/run/kiln/boot.json'))
  assert.deepEqual(
    [facts.mode, facts.rootHash, facts.medium, facts.verified, facts.notes],
    ['live', rootHash, '/dev/sr0', 'ahead', []],
  )
})

test('boot: a slot, with the partitions of the machine', (context) => {
  const { host, calls } = rootedHost(context, slot, programs)
  assert.equal(runInitramfs(host), 0)
  assert.deepEqual(
    calls.filter((call) => call.startsWith('mount ext4')),
    [
      'mount ext4 /dev/vda2 /run/initramfs/cos-state ro',
      'mount ext4 /dev/vda1 /sysroot/oem',
      'mount ext4 /dev/vda3 /run/kiln/store',
    ],
  )
  assert.equal(host.stat('/run/cos/active_mode').type, 'file')
  assert.equal(JSON.parse(host.readText('/run/kiln/boot.json')).slot, 'one')
})

test('boot: paths that a cloud-config of this machine asks for are writable, too', (context) => {
  const { host, calls } = rootedHost(
    context,
    {
      ...slot,
      '/sysroot/oem/10_user_custom_mounts.yaml': `#cloud-config
stages:
  rootfs:
    - files:
        - path: /run/cos/custom-layout.env
          content: 'CUSTOM_BIND_MOUNTS="/srv/data"'
`,
      '/sysroot/srv/data/x': '',
    },
    programs,
  )
  assert.equal(runInitramfs(host), 0)
  assert.ok(calls.includes('mount - /run/kiln/store/.state/srv-data.bind /sysroot/srv/data bind'))
})

test('boot: a live system leaves the disks of the machine alone', (context) => {
  const { host, calls } = rootedHost(context, { ...slot, ...live }, programs)
  assert.equal(runInitramfs(host), 0)
  assert.deepEqual(
    calls.filter((call) => call.includes('/dev/vda')),
    [],
  )
})

test('boot: what the store has already is not filled again', (context) => {
  const { host, calls } = rootedHost(
    context,
    { ...slot, '/run/kiln/store/.state/etc-ssh.bind/sshd_config': 'mine' },
    programs,
  )
  assert.equal(runInitramfs(host), 0)
  assert.deepEqual(
    calls.filter((call) => call.includes(' cp ')),
    [],
  )
})

test('boot: an interrupted filling is begun anew', (context) => {
  const { host, calls } = rootedHost(
    context,
    { ...slot, '/run/kiln/store/.state/etc-ssh.bind.new/half': '' },
    programs,
  )
  assert.equal(runInitramfs(host), 0)
  assert.equal(calls.filter((call) => call.includes(' cp ')).length, 1)
  assert.deepEqual(host.list('/run/kiln/store/.state/etc-ssh.bind'), [])
})

test('boot: a path of the layout that the image lacks is noted and stops nothing', (context) => {
  const files = {
    ...live,
    '/sysroot/usr/lib/kiln/layout.json': JSON.stringify({ ...layout, ephemeral: ['/etc', '/srv'] }),
  }
  const { host } = rootedHost(context, files, programs)
  assert.equal(runInitramfs(host), 0)
  assert.match(JSON.parse(host.readText('/run/kiln/boot.json')).notes[0], /no \/srv/)
})

const mirrored = { '/sys/class/block/sdb/size': '100', '/dev/sdb': isoImage('COS_LIVE') }
const withoutImage = Object.fromEntries(Object.entries(live).filter(([path]) => !path.endsWith('root.img')))

const refusals: readonly {
  readonly name: string
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly program?: Program
  readonly reason: string
  readonly says: RegExp
}[] = [
  {
    name: 'no root hash',
    files: { ...live, '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE' },
    reason: 'no-root-hash',
    says: /kiln\.roothash/,
  },
  {
    name: 'a label that no device has',
    files: { ...live, '/proc/cmdline': `${checked} root=live:CDLABEL=OTHER` },
    reason: 'root-not-found',
    says: /Waited 30 s .* OTHER; seen: sr0 \(iso9660 COS_LIVE\)/,
  },
  {
    name: 'a label that two devices have',
    files: { ...live, ...mirrored },
    reason: 'root-ambiguous',
    says: /\/dev\/sdb, \/dev\/sr0/,
  },
  {
    name: 'a medium without the root image',
    files: withoutImage,
    reason: 'root-image-missing',
    says: /payload\/root\.img/,
  },
  {
    name: 'a root image of another build',
    files: live,
    program: (argv, folder) =>
      argv[0] === '/bin/veritysetup'
        ? { code: 1, stderr: 'Verification of root hash failed.\n' }
        : programs(argv, folder),
    reason: 'root-not-verified',
    says: /Verification of root hash failed/,
  },
  {
    name: 'a layout that is not one',
    files: { ...live, '/sysroot/usr/lib/kiln/layout.json': '{"schema":"other"}' },
    reason: 'layout-unreadable',
    says: /layout\.json/,
  },
  {
    name: 'a store that cannot be filled',
    files: live,
    program: (argv, folder) =>
      argv.includes('cp') ? { code: 1, stderr: 'cp: No space left' } : programs(argv, folder),
    reason: 'layout-failed',
    says: /No space left/,
  },
]

for (const { name, files, program = programs, reason, says } of refusals) {
  test(`boot: ${name} is refused, told and stored`, (context) => {
    const { host, output, calls } = rootedHost(context, files, program)
    assert.equal(runInitramfs(host), 1)
    assert.match(output.join(''), new RegExp(`boot refused: ${reason}`))
    const report = JSON.parse(host.readText('/run/kiln/boot-failure.json'))
    assert.equal(report.reason, reason)
    assert.match(report.detail, says)
    assert.deepEqual(
      calls.filter((call) => call.includes('run-stage')),
      [],
    )
  })
}

test('boot: a damaged block is named, and nothing of the root is mounted', (context) => {
  const { host, calls, output } = rootedHost(context, live, (argv, folder) =>
    argv[1] === 'dmesg'
      ? { stdout: 'device-mapper: verity: 7:0: data block 12 is corrupted\n' }
      : programs(argv, folder),
  )
  const damaged: typeof host = {
    ...host,
    readBytes: (path, offset, length) => {
      if (path === '/dev/mapper/kiln-root') throw new HostError('EIO', 'readBytes', path)
      return host.readBytes(path, offset, length)
    },
  }
  assert.equal(runInitramfs(damaged), 1)
  assert.match(output.join(''), /root-damaged.*data block 12/s)
  assert.deepEqual(
    calls.filter((call) => call.includes('mount squashfs')),
    [],
  )
})

test('boot: the report of an installed system also goes to its disk', (context) => {
  const files = { ...slot, '/proc/cmdline': `${checked} kiln.slot=gone` }
  const { host } = rootedHost(context, files, programs)
  assert.equal(runInitramfs(host), 1)
  const stored = JSON.parse(host.readText('/run/kiln/report/kiln/boot-failure.json'))
  assert.equal(stored.reason, 'root-image-missing')
})

test('boot: rd.shell asks /init for a shell', (context) => {
  const { host } = rootedHost(context, { ...machine, '/proc/cmdline': 'rd.shell=1' }, programs)
  assert.equal(runInitramfs(host), rescueShellCode)
})

test('boot: a stage that fails stops nothing', (context) => {
  const { host } = rootedHost(context, live, (argv, folder) =>
    argv.includes('run-stage') ? { code: 1, stderr: 'kiln: boom\n' } : programs(argv, folder),
  )
  assert.equal(runInitramfs(host), 0)
  assert.deepEqual(JSON.parse(host.readText('/run/kiln/boot.json')).notes, ['stage initramfs ended with 1'])
})

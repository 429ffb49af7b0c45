import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConversionParams } from '../plan/step.ts'
import { checks } from './checks.ts'
import { releaseFile } from './release-file.ts'
import type { TreeNode } from './tree.ts'
import { type CheckedRoot, checkRoot } from './validate.ts'

const node = (kind: TreeNode['kind'], mode: number, target = ''): TreeNode => ({
  kind,
  mode,
  target,
  uid: 0,
  gid: 0,
  size: 1,
})
const file = (mode = 0o644) => node('f', mode)
const folder = () => node('d', 0o755)
const link = (target: string) => node('l', 0o777, target)

const layout = {
  schema: 'kiln.layout/v1' as const,
  ephemeral: ['/etc', '/var'],
  persistent: ['/home'],
  store: '/usr/local',
}
const identity = {
  flavor: 'debian',
  flavorRelease: '13',
  variant: 'core' as const,
  arch: 'amd64' as const,
  device: 'generic',
  version: 'v1.0.0',
}
const conversion: ConversionParams = {
  name: 'sample',
  identity,
  layout,
  family: 'debian',
  hostname: undefined,
  services: { enable: [], mask: [] },
  files: '',
  overlay: undefined,
  epoch: 0,
}
const kernel = '6.12.1-amd64'
const modules = `/usr/lib/modules/${kernel}`

const fitTree: Readonly<Record<string, TreeNode>> = {
  '/': folder(),
  '/usr': folder(),
  '/boot': folder(),
  [`/boot/vmlinuz-${kernel}`]: file(),
  '/sbin': link('usr/sbin'),
  '/usr/sbin': folder(),
  '/usr/sbin/init': link('../lib/systemd/systemd'),
  '/usr/lib': folder(),
  '/usr/lib/systemd': folder(),
  '/usr/lib/systemd/systemd': file(0o755),
  '/usr/lib/systemd/system': folder(),
  '/usr/lib/systemd/system/ssh.service': file(),
  '/usr/lib/modules': folder(),
  [modules]: folder(),
  [`${modules}/modules.dep`]: file(),
  '/usr/bin': folder(),
  '/usr/bin/kiln-agent': file(0o755),
  '/usr/local': folder(),
  '/etc': folder(),
  '/etc/machine-id': file(),
  '/etc/ssh': folder(),
  '/etc/ssh/ssh_host_rsa_key.pub.example': file(),
  '/etc/ssl': folder(),
  '/etc/ssl/private': folder(),
  '/etc/systemd': folder(),
  '/etc/systemd/system': folder(),
  '/etc/systemd/system/multi-user.target.wants': folder(),
  '/etc/systemd/system/multi-user.target.wants/ssh.service': link('/usr/lib/systemd/system/ssh.service'),
  '/var': folder(),
  '/tmp': node('d', 0o1777),
  '/home': folder(),
  '/root': folder(),
  '/root/.ssh': folder(),
  '/oem': folder(),
  '/system': folder(),
  '/system/oem': folder(),
}

const fit: CheckedRoot = {
  tree: new Map(Object.entries(fitTree)),
  layout,
  identity,
  services: ['ssh.service'],
  kernelVersion: kernel,
  machineId: '\n',
  passwd:
    'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nsshd:x:999:65534::/run/sshd:/usr/sbin/nologin\n',
  shadow: 'root:*:20000:0:99999:7:::\nsshd:!:20000::::::\nother:!*:20000::::::\n',
  release: releaseFile(conversion, 'v0.1.0'),
}

const withOpenrc = {
  '/usr/sbin/init': file(0o755),
  '/usr/lib/systemd/systemd': undefined,
  '/usr/sbin/openrc-run': file(0o755),
  '/etc/init.d': folder(),
  '/etc/init.d/kiln-stage-reconcile': file(0o755),
  '/etc/runlevels': folder(),
  '/etc/runlevels/default': folder(),
  '/etc/runlevels/default/kiln-stage-reconcile': link('/etc/init.d/kiln-stage-reconcile'),
}
const openrcServices = ['kiln-stage-reconcile.timer', 'kiln-grow.service']

type Change = Omit<Partial<CheckedRoot>, 'tree'> & { tree?: Readonly<Record<string, TreeNode | undefined>> }

/** A fit root with some entries added, replaced or (undefined) taken away. */
function changed({ tree = {}, ...rest }: Change): CheckedRoot {
  const entries = Object.entries({ ...fitTree, ...tree }).filter(
    (entry): entry is [string, TreeNode] => !!entry[1],
  )
  return { ...fit, ...rest, tree: new Map(entries) }
}

const cases: readonly (readonly [what: string, change: Change, expected: readonly string[]])[] = [
  ['nothing', {}, []],
  ['a usable mode of the agent', { tree: { '/usr/bin/kiln-agent': file(0o700) } }, []],
  [
    'the kernel beside its modules, as Fedora has it',
    { tree: { [`/boot/vmlinuz-${kernel}`]: undefined, [`${modules}/vmlinuz`]: file() } },
    [],
  ],
  [
    'no kernel for the modules',
    { tree: { [`/boot/vmlinuz-${kernel}`]: undefined, '/boot/vmlinuz-6.11.0': file() } },
    [`kernel: modules of ${kernel} are there, but no kernel of that version`],
  ],
  [
    'a kernel that is a broken link',
    { tree: { [`/boot/vmlinuz-${kernel}`]: link('gone') } },
    [`kernel: modules of ${kernel} are there, but no kernel of that version`],
  ],
  [
    'no index of modules',
    { tree: { [`${modules}/modules.dep`]: undefined } },
    [`kernel: ${modules}/modules.dep is missing; depmod did not run`],
  ],
  [
    'init a broken link',
    { tree: { '/usr/lib/systemd/systemd': undefined } },
    ['init: /sbin/init is missing or a broken link'],
  ],
  [
    'init not executable',
    { tree: { '/usr/lib/systemd/systemd': file(0o644) } },
    ['init: /sbin/init cannot be executed'],
  ],
  [
    'no agent',
    { tree: { '/usr/bin/kiln-agent': undefined } },
    ['agent: /usr/bin/kiln-agent is missing or a broken link'],
  ],
  [
    'a folder for an agent',
    { tree: { '/usr/bin/kiln-agent': folder() } },
    ['agent: /usr/bin/kiln-agent cannot be executed'],
  ],
  ...['/home', '/usr/local', '/oem', '/system/oem'].map(
    (path) =>
      [
        `no ${path}`,
        { tree: { [path]: undefined } },
        [`layout: ${path} is missing; the root is read-only, so nothing can make it later`],
      ] as const,
  ),
  ['a link for a path of the layout', { tree: { '/home': link('/var') } }, ['layout: /home is not a folder']],
  [
    'no machine-id',
    { tree: { '/etc/machine-id': undefined } },
    ['identity: /etc/machine-id must be there, and empty'],
  ],
  [
    'a machine-id that is set',
    { machineId: '0123456789abcdef0123456789abcdef\n' },
    ['identity: /etc/machine-id is set; every node would have the same'],
  ],
  [
    'an ssh host key',
    { tree: { '/etc/ssh/ssh_host_ed25519_key': file(0o600) } },
    ['identity: /etc/ssh/ssh_host_ed25519_key is there; every node would have the same host key'],
  ],
  [
    'a random seed',
    { tree: { '/var/lib/systemd/random-seed': file(0o600) } },
    ['identity: /var/lib/systemd/random-seed is there'],
  ],
  [
    'a user',
    { passwd: `${fit.passwd}kairos:x:1000:1000::/home/kairos:/bin/bash\n` },
    ['users: user kairos is in the image; users belong into the cloud-config'],
  ],
  ['a password', { shadow: 'root:$y$j9T$abc:20000:0:99999:7:::\n' }, ['users: root has a password']],
  [
    'an empty password',
    { shadow: 'root::20000:0:99999:7:::\n' },
    ['users: root can log in without a password'],
  ],
  ...[
    '/etc/ssl/private/key.pem',
    '/root/.ssh/authorized_keys',
    '/root/.ssh/id_ed25519',
    '/root/.netrc',
    '/root/.docker/config.json',
    '/root/.aws/credentials',
  ].map(
    (path) =>
      [
        path,
        { tree: { [path]: file(0o600) } },
        [`secrets: ${path} looks like a secret; it would be in every copy of the image`],
      ] as const,
  ),
  ['a public key', { tree: { '/root/.ssh/id_ed25519.pub': file() } }, []],
  ...[
    '/usr/sbin/policy-rc.d',
    '/.dockerenv',
    '/etc/.pwd.lock',
    '/boot/initrd.img-6.12.1',
    '/boot/initramfs.img',
  ].map(
    (path) =>
      [path, { tree: { [path]: file() } }, [`leftovers: ${path} is left over from the build`]] as const,
  ),
  [
    'package lists',
    { tree: { '/var/lib/apt/lists': folder(), '/var/lib/apt/lists/lock': file() } },
    ['leftovers: /var/lib/apt/lists is left over from the build'],
  ],
  [
    'a release file of another architecture',
    { release: releaseFile({ ...conversion, identity: { ...identity, arch: 'arm64' } }, 'v0.1.0') },
    ['release: /etc/kairos-release does not say KAIROS_ARCH="amd64"'],
  ],
  [
    'a release file of another version',
    { release: fit.release.replace('KAIROS_VERSION="v1.0.0"', 'KAIROS_VERSION="v1.0.00"') },
    ['release: /etc/kairos-release does not say KAIROS_VERSION="v1.0.0"'],
  ],
  [
    'a service that is not there',
    { tree: { '/usr/lib/systemd/system/ssh.service': undefined } },
    ['services: ssh.service does not exist'],
  ],
  ['services of OpenRC', { tree: withOpenrc, services: openrcServices }, []],
  [
    'services of OpenRC that are not there, or in no runlevel',
    {
      tree: { ...withOpenrc, '/etc/runlevels/default/kiln-stage-reconcile': undefined },
      services: [...openrcServices, 'sshd'],
    },
    ['services: kiln-stage-reconcile is not enabled', 'services: sshd does not exist'],
  ],
  [
    'a service that nothing starts',
    { tree: { '/etc/systemd/system/multi-user.target.wants/ssh.service': undefined } },
    ['services: ssh.service is not enabled'],
  ],
  [
    'a service that its socket requires',
    {
      tree: {
        '/etc/systemd/system/multi-user.target.wants/ssh.service': undefined,
        '/etc/systemd/system/sockets.target.requires/ssh.service': link(
          '/usr/lib/systemd/system/ssh.service',
        ),
      },
    },
    [],
  ],
  [
    'a file that everybody can write',
    { tree: { '/etc/motd': file(0o666) } },
    ['permissions: /etc/motd can be written by everybody'],
  ],
]

describe('a fit root with one change', () => {
  for (const [what, change, expected] of cases) {
    it(`${what}: ${expected.length === 0 ? 'stays fit' : 'exactly one finding'}`, () => {
      const findings = checkRoot(changed(change))
      assert.deepEqual(
        findings.map(({ message }) => message),
        expected,
      )
      for (const { code } of findings) assert.equal(code, 'E-IMAGE-INVALID')
    })
  }

  it('breaks each rule in at least one of these cases', () => {
    const broken = new Set(
      cases.flatMap(([, , expected]) => expected.map((message) => message.split(':')[0])),
    )
    assert.deepEqual([...broken].toSorted(), checks.map(({ name }) => name).toSorted())
  })
})

describe('a root', () => {
  it('with several faults has a finding for each', () => {
    const tree = { '/usr/bin/kiln-agent': undefined, '/home': undefined, '/.dockerenv': file() }
    assert.equal(checkRoot(changed({ tree, machineId: 'x' })).length, 4)
  })

  it('without a kernel has that finding only', () => {
    const [finding, ...rest] = checkRoot({ ...fit, kernelVersion: undefined, machineId: 'x' })
    assert.deepEqual([finding?.code, rest], ['E-KERNEL-MISSING', []])
  })
})

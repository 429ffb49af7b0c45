import { ownPackage } from './config-server.ts'

export const dataMebibytes = 256
/** The third disk: for what the stage rootfs does. */
const earlyDisk = '/dev/vdc'
/** Not while the live medium installs. */
const installed = { if: '[ ! -e /run/cos/live_mode ]' }

/** What the image `tools` has. Its script says how it was called. */
export const toolsImage = {
  hello: 'from an image\n',
  'run.sh': `#!/bin/sh\ncat hello > /dev/null && echo "\${BUNDLE_TARGET##*/}" >> /usr/local/bundles\n`,
}

/** Of the image itself. */
export const imageConfig = `#cloud-config
stages:
  initramfs:
    - name: Image
      files: [{path: /etc/from-image, content: "{{ .Values.os.architecture }}\\n"}]
`

/**
 * A configuration for an installed node that uses every module, and most of what stands at the top.
 * @param server what config-server.ts serves, as the node reaches it
 * @param registry with the image `tools`, as the node reaches it
 */
export function everyModule(server: string, registry: string) {
  const rootfs = [
    {
      name: 'Early disk',
      if: `[ -e ${earlyDisk} ]`,
      layout: {
        device: { path: earlyDisk, init_disk: true },
        add_partitions: [{ pLabel: 'early', fsLabel: 'EARLY', size: 32, filesystem: 'ext4' }],
        expand_partition: { size: 0 },
      },
    },
  ]
  const initramfs = [
    {
      name: 'Names',
      hostname: 'node-{{ trunc 4 .MachineID }}',
      timesyncd: { NTP: 'time.example.org' },
      environment: { KILN_TEST: 'two words' },
      systemctl: {
        enable: ['kiln-test.service'],
        overrides: [{ service: 'kiln-test', content: '[Service]\nEnvironment=WHO=override\n' }],
      },
      files: [{ path: '/etc/systemd/system/kiln-test.service', content: testUnit }],
    },
    { name: 'Elsewhere', only_os: 'Fedora', commands: ['touch /run/elsewhere'] },
  ]
  const boot = [
    {
      name: 'Files',
      directories: [{ path: '/srv/made', permissions: 0o750, owner: 'tester', group: 'tester' }],
      files: [
        {
          path: '/srv/made/packed',
          encoding: 'gz+b64',
          content: packed,
          permissions: '0600',
          ownerstring: 'tester:tester',
        },
      ],
      commands: ['echo "{{ .Values.node.hostname }}" > /run/rendered'],
      dns: { nameservers: ['192.0.2.53'], search: ['example.org'], path: '/run/resolv.conf' },
    },
    { name: 'Kernel', sysctl: { 'net.ipv4.ip_forward': 1 }, modules: ['dummy'] },
    {
      name: 'Services',
      if: '[ -d /run/systemd/system ]',
      if_files: { all: ['/etc/os-release'], none: ['/no/such/file'] },
      only_service_manager: 'systemd',
      systemctl: { start: ['kiln-test.service'], mask: ['kiln-masked.service'] },
      systemd_firstboot: { locale: 'C.UTF-8', force: 'true' },
      package_pins: { vim: '2:9.0' },
    },
    {
      name: 'Accounts',
      users: {
        second: {
          passwd: 'in plain text',
          groups: ['admin'],
          ssh_authorized_keys: ['ssh-ed25519 AAAA second'],
        },
      },
      authorized_keys: { second: ['ssh-ed25519 BBBB more'] },
      ensure_entities: [
        { entity: 'kind: group\ngroup_name: extra\npassword: x\ngid: 4242\nusers: second\n' },
      ],
      delete_entities: [{ entity: 'kind: group\ngroup_name: games\n' }],
    },
    {
      name: 'Disk',
      layout: {
        device: {
          path: `script://lsblk --bytes --nodeps --noheadings --output PATH,SIZE | awk '$2 == ${dataMebibytes * 2 ** 20} { print $1 }'`,
          init_disk: true,
        },
        add_partitions: [
          { pLabel: 'first', fsLabel: 'FIRST', size: 64, filesystem: 'ext4' },
          { pLabel: 'last', fsLabel: 'LAST', size: 32, filesystem: 'ext4' },
        ],
        expand_partition: { size: 128 },
      },
    },
    { name: 'Fails', commands: ['exit 7', 'echo still > /run/still'] },
    { name: 'Goes on', commands: ['echo yes > /run/goes-on'] },
  ]
  const network = [
    {
      name: 'Writable',
      ...installed,
      files: [{ path: '/etc/apt/sources.list', content: `deb [trusted=yes] ${server}/apt ./\n` }],
      commands: [
        'rm -rf /etc/apt/sources.list.d/*',
        // Not over /usr: that would hide /usr/local.
        'mkdir -p /run/share/upper /run/share/work',
        'mount -t overlay overlay -o lowerdir=/usr/share,upperdir=/run/share/upper,workdir=/run/share/work /usr/share',
      ],
    },
    { name: 'Packages', ...installed, packages: { refresh: true, install: [ownPackage] } },
    {
      name: 'Trees',
      ...installed,
      git: { url: `${server}/config.git`, path: '/opt/config', branch: 'main', branch_only: true },
      unpack_images: [{ source: `${registry}/tools:v1`, target: '/opt/unpacked' }],
    },
    { name: 'Late', after: [{ name: 'Fetched' }], commands: ['cat /opt/tools/tool > /run/late'] },
    {
      name: 'Fetched',
      downloads: [{ url: `${server}/tool`, path: '/opt/tools/', permissions: '0755', checksum }],
    },
  ]
  const last = [
    { name: 'Stops', on_failure: 'stop', commands: ['exit 8'] },
    { name: 'Never', commands: ['touch /run/never'] },
  ]
  const reconcile = [{ name: 'Repair', commands: ['echo yes > /run/reconciled'] }]
  return {
    stages: { rootfs, initramfs, boot, network, 'network.after': last, reconcile },
    bundles: [{ targets: [`run://${registry}/tools:v1`] }],
    growpart: { devices: ['/'] },
    env: ['FROM_TOP=yes'],
    install: {
      auto: true,
      device: 'auto',
      poweroff: true,
      grub_options: { extra_cmdline: 'kiln.test=1' },
      bundles: [
        { targets: [`run://${registry}/tools:install`] },
        { targets: [`container://${registry}/tools:v1`], rootfs_path: '/usr/local/tools' },
      ],
    },
    fail_on_bundles_errors: true,
    logs: { journal: ['ssh.service'], files: ['/run/rend*'] },
    kiln: {
      registries: { [registry]: { 'plain-http': true } },
      health: { timeout: '5m' },
    },
  }
}

const testUnit = `[Unit]
Description=Test
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo $WHO > /run/service'
[Install]
WantedBy=multi-user.target
`
/** `printf 'packed\n' | gzip -9n | base64` */
const packed = 'H4sIAAAAAAACAytITM5OTeECAEPgQS8HAAAA'
/** Of `downloaded\n`. */
const checksum = 'sha256:30031a9831674dd684c3817399acebc88a116ce5a7a3fbc0cf34d92521a534e6'

/** What the node is to look like. */
export const looks: readonly (readonly [what: string, command: string, expected: string])[] = [
  ['host name', 'test "$(hostname)" = "node-$(cut -c1-4 /etc/machine-id)" && echo same', 'same'],
  ['files of the image come first', 'cat /etc/from-image', 'amd64'],
  ['timesyncd', 'tail -n 1 /etc/systemd/timesyncd.conf.d/10-yip.conf', 'NTP = time.example.org'],
  ['environment', 'grep KILN_TEST /etc/environment', 'KILN_TEST="two words"'],
  [
    'systemctl: enabled, started, with its override',
    'systemctl is-enabled kiln-test; cat /run/service',
    'enabled\noverride',
  ],
  ['systemctl: masked', 'systemctl is-enabled kiln-masked.service || true', 'masked'],
  ['conditions', 'test ! -e /run/elsewhere && echo none', 'none'],
  ['directories', 'stat -c "%a %U" /srv/made', '750 tester'],
  [
    'files',
    'sudo cat /srv/made/packed; sudo stat -c "%a %U:%G" /srv/made/packed',
    'packed\n600 tester:tester',
  ],
  ['templates', 'test "$(cat /run/rendered)" = "$(hostname)" && echo same', 'same'],
  ['dns', 'cat /run/resolv.conf', 'search example.org\nnameserver 192.0.2.53'],
  ['sysctl', 'cat /proc/sys/net/ipv4/ip_forward', '1'],
  ['modules', 'grep -c "^dummy " /proc/modules', '1'],
  ['systemd_firstboot', 'grep LANG= /etc/locale.conf', 'LANG=C.UTF-8'],
  ['package_pins', 'grep Priority /etc/apt/preferences.d/99-yip-pins', 'Pin-Priority: 1001'],
  ['users', 'sudo grep -c "^second:[$]6[$]" /etc/shadow; id -nG second', '1\nsecond admin extra'],
  [
    'authorized_keys',
    'sudo cat /home/second/.ssh/authorized_keys',
    'ssh-ed25519 AAAA second\nssh-ed25519 BBBB more',
  ],
  ['entities', 'getent group extra games || true', 'extra:x:4242:second'],
  [
    'ids are kept',
    'sudo grep -o "\\"second\\": [0-9]*" /usr/local/.kiln/accounts.json | head -n 1',
    '"second": 1001',
  ],
  [
    'layout',
    'lsblk --bytes --noheadings --list --output PARTLABEL,LABEL,SIZE | grep -E "^(first|last) " | tr -s " "',
    `first FIRST ${64 * 2 ** 20}\nlast LAST ${128 * 2 ** 20}`,
  ],
  ['a failure does not end a step or a stage', 'cat /run/still /run/goes-on', 'still\nyes'],
  [
    'layout in the initramfs',
    `lsblk --bytes --noheadings --list --output PARTLABEL,LABEL,FSTYPE ${earlyDisk} | tail -n 1 | tr -s " "`,
    'early EARLY ext4',
  ],
  [
    'packages',
    `cat /usr/share/${ownPackage}/hello; dpkg-query -W ${ownPackage}`,
    `from a package\n${ownPackage}\t1.0`,
  ],
  ['git', 'cat /opt/config/greeting', 'from git'],
  ['unpack_images', 'cat /opt/unpacked/hello', 'from an image'],
  ['bundles of the installation', 'cat /usr/local/tools/hello', 'from an image'],
  [
    'bundles with a script: once while installing, once at the first start',
    'cat /usr/local/bundles',
    'tools:install\ntools:v1',
  ],
  [
    'logs',
    'sudo kiln-agent logs --output /run/logs.tar.gz && sudo tar -tzf /run/logs.tar.gz | grep -E "ssh|rendered"',
    '/run/logs.tar.gz\nkiln-logs/files/run/rendered\nkiln-logs/journal/ssh.service.log',
  ],
  ['downloads', 'cat /opt/tools/tool; stat -c %a /opt/tools/tool', 'downloaded\n755'],
  ['after', 'cat /run/late', 'downloaded'],
  ['stop', 'test ! -e /run/never && echo none', 'none'],
]

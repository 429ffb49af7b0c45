import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startMachine } from '@kiln/factory/boot/machine'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeLogin,
  nodeLogin,
  overlayDisk,
  writeNodeDefinition,
} from './node-harness.ts'

/** The guest's name for the machine that runs the tests (QEMU's network for users). */
const hostOfGuest = '10.0.2.2'
const dataMebibytes = 256

interface Record {
  readonly stage: string
  readonly step: string
  readonly status: string
  readonly why?: string
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** One boot of a node whose configuration uses every module that needs no internet. */
describe('the stages of a cloud-config on a node', () => {
  let folder: string
  let login: NodeLogin
  let disk: string
  const server = createServer((request, response) => {
    if (request.url === '/tool') response.end('downloaded\n')
    else response.writeHead(404).end()
  })

  before(async () => {
    folder = await freshFolder()
    login = await nodeLogin(folder)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const config = configFor(`http://${hostOfGuest}:${port}`)
    const definition = await writeNodeDefinition(
      folder,
      { version: 'v1.0.0', artifacts: ['raw'], config, files: { '/system/oem/50_image.yaml': imageConfig } },
      login,
    )
    disk = await overlayDisk((await buildNode(definition)).raw ?? '', join(folder, 'disk.qcow2'), 6)
  })
  after(() => void server.close())

  test('each module does its part, and each failure what its policy says', async (t) => {
    await using machine = await startMachine({
      firmware: 'uefi',
      disks: [{ file: disk }, { size: dataMebibytes * 2 ** 20 }],
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, login)
    await inGuest(guest, waitForUnit('kiln-stage-network.service'))
    for (const [what, command, expected] of looks) {
      await t.test(what, async () => assert.equal((await inGuest(guest, command)).trim(), expected))
    }

    await t.test('the record says what ran, what was skipped and why, and what failed', async () => {
      const steps = await recordsOf(guest)
      const status = (step: string) => steps.filter((each) => each.step === step).map((each) => each.status)
      for (const step of ['Names', 'Image', 'Files', 'Kernel', 'Services', 'Accounts', 'Disk', 'Fetched']) {
        assert.deepEqual([step, status(step)], [step, ['ok']])
      }
      assert.deepEqual(status('Elsewhere'), ['skipped'])
      assert.deepEqual(status('Fails'), ['failed'])
      assert.deepEqual(status('Goes on'), ['ok'])
      assert.deepEqual(status('Stops'), ['failed'])
      assert.deepEqual(status('Never'), ['skipped'])
      const errors = steps.filter((each) => each.status === 'failed').flatMap((each) => each.errors)
      assert.deepEqual(errors, ['command ended with 7: exit 7', 'command ended with 8: exit 8'])
    })

    await t.test('a stage that failed is a failed unit, and the others are not', async () => {
      const { stdout } = await runInGuest(
        guest,
        'systemctl is-failed kiln-stage-boot kiln-stage-fs kiln-stage-network',
        {
          okCodes: [0, 1, 3],
        },
      )
      assert.deepEqual(stdout.trim().split('\n'), ['failed', 'active', 'failed'])
    })

    await t.test('reconcile runs by its timer, and the plan of a stage changes nothing', async () => {
      assert.equal((await inGuest(guest, 'systemctl is-active kiln-stage-reconcile.timer')).trim(), 'active')
      await inGuest(guest, 'sudo systemctl start kiln-stage-reconcile.service')
      assert.equal(await inGuest(guest, 'cat /run/reconciled'), 'yes\n')
      const before = await recordsOf(guest)
      assert.match(await inGuest(guest, 'sudo kiln-agent run-stage boot --plan'), /- run exit 7/)
      assert.deepEqual(await recordsOf(guest), before)
    })
  })
})

function waitForUnit(unit: string): string {
  return `timeout 300 sh -c "until systemctl show -p ActiveState ${unit} | grep -Eq 'active$|failed'; do sleep 1; done"`
}

async function recordsOf(guest: Guest): Promise<Record[]> {
  const { stdout } = await runInGuest(guest, 'sudo kiln-agent stages --json', { okCodes: [0, 1] })
  return (JSON.parse(stdout) as { readonly steps: Record[] }).steps
}

const imageConfig = `#cloud-config
stages:
  initramfs:
    - name: Image
      files: [{path: /etc/from-image, content: "{{ .Values.os.architecture }}\\n"}]
`

function configFor(address: string) {
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
    { name: 'Late', after: [{ name: 'Fetched' }], commands: ['cat /opt/tools/tool > /run/late'] },
    {
      name: 'Fetched',
      downloads: [{ url: `${address}/tool`, path: '/opt/tools/', permissions: '0755', checksum }],
    },
    { name: 'Stops', after: [{ name: 'Late' }], on_failure: 'stop', commands: ['exit 8'] },
    { name: 'Never', after: [{ name: 'Stops' }], commands: ['touch /run/never'] },
  ]
  const reconcile = [{ name: 'Repair', commands: ['echo yes > /run/reconciled'] }]
  return { stages: { initramfs, boot, network, reconcile } }
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

const looks: readonly (readonly [what: string, command: string, expected: string])[] = [
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
  ['downloads', 'cat /opt/tools/tool; stat -c %a /opt/tools/tool', 'downloaded\n755'],
  ['after', 'cat /run/late', 'downloaded'],
  ['stop', 'test ! -e /run/never && echo none', 'none'],
]

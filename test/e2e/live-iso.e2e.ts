import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { Payload } from '@kiln/contract'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import { type Guest, generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import { type Built, buildExample, freshFolder, waitForLogin, writeCloudConfig } from './harness.ts'

const user = 'tester'
const marker = '/etc/forgotten-marker'

describe('the live ISO', { concurrency: 2 }, () => {
  let built: Built
  let key: string

  before(async () => {
    const folder = await freshFolder()
    const pair = await generateKey(folder)
    key = pair.key
    const cloudConfig = await writeCloudConfig(folder, testConfig(pair.publicKey))
    built = await buildExample({ out: folder, cloudConfig })
  })

  for (const firmware of ['uefi', 'bios'] as const) {
    test(`comes up under ${firmware.toUpperCase()}`, (t) => scenario(t, firmware))
  }

  async function scenario(t: { test: typeof test }, firmware: Firmware): Promise<void> {
    await using machine = await startMachine({
      firmware,
      drives: [artifactDrive(built.iso)],
      sshPort: 'auto',
    })
    const login = { user, key }
    const guest = await waitForLogin(machine, login)
    const { root } = Payload.parse(
      JSON.parse(await readFile(join(built.payload.folder, 'payload.json'), 'utf8')),
    )
    for (const { title, command, expected, okCodes } of [...checks, verityCheck(root.rootHash)]) {
      await t.test(title, async () => {
        const { stdout } = await runInGuest(guest, command, { okCodes: okCodes ?? [0] })
        assert.match(stdout, expected)
      })
    }
    await t.test('/etc/kairos-release says what it is', async () => {
      const release = parseRelease(await outputOf(guest, 'cat /etc/kairos-release'))
      assert.deepEqual({ ...release, ...expectedRelease }, release)
    })
    await t.test('nobody has a password', async () => {
      const accounts = (await outputOf(guest, 'sudo cut -d: -f1,2 /etc/shadow')).trim().split('\n')
      assert.ok(accounts.some((line) => line.startsWith('root:')))
      assert.deepEqual(
        accounts.filter((line) => !/^[^:]+:[!*]/.test(line)),
        [],
      )
    })
    await t.test('what is written to /etc is forgotten at reboot', async () => {
      await outputOf(guest, `echo here | sudo tee ${marker}`)
      assert.equal(await outputOf(guest, `cat ${marker}`), 'here\n')
      const first = await outputOf(guest, identity)
      const since = machine.position
      // The connection may break before the command has ended.
      await runInGuest(guest, 'sudo systemctl reboot', { okCodes: [0, 255] })
      await waitForLogin(machine, login, since)
      await assert.rejects(outputOf(guest, `cat ${marker}`), /failed/)
      const second = await outputOf(guest, identity)
      const [[bootId, machineId], [otherBootId, otherMachineId]] = [first.split('\n'), second.split('\n')]
      assert.notEqual(bootId, otherBootId, 'it is another boot')
      assert.match(machineId ?? '', /^[0-9a-f]{32}$/)
      assert.notEqual(machineId, otherMachineId, 'the image brings no machine id')
    })
  }
})

const identity = 'cat /proc/sys/kernel/random/boot_id /etc/machine-id'

function testConfig(publicKey: string): object {
  return {
    hostname: 'kiln-test',
    users: [{ name: user, groups: ['sudo'], ssh_authorized_keys: [publicKey] }],
    write_files: [
      { path: `/etc/sudoers.d/${user}`, permissions: '0440', content: `${user} ALL=(ALL) NOPASSWD: ALL\n` },
      { path: '/etc/kiln-test/written', permissions: '0640', content: 'written\n' },
    ],
    runcmd: ['echo "ran as $(id -un)" >/run/kiln-test-ran'],
  }
}

interface Check {
  readonly title: string
  readonly command: string
  readonly expected: RegExp
  readonly okCodes?: readonly number[]
}

const checks: readonly Check[] = [
  {
    title: 'every unit is up',
    command: 'systemctl is-system-running --wait; systemctl --failed --plain --no-legend',
    expected: /^running\n$/,
  },
  {
    title: 'the root is a squashfs and read-only',
    command: 'findmnt --noheadings --output SOURCE,FSTYPE,OPTIONS --mountpoint /',
    expected: /^\/dev\/mapper\/kiln-root +squashfs +ro\b/,
  },
  {
    title: 'the root is a verity device',
    command: 'cat /sys/block/dm-0/dm/name /sys/block/dm-0/dm/uuid',
    expected: /^kiln-root\nCRYPT-VERITY-/,
  },
  {
    title: '/usr cannot be written',
    command: 'sudo touch /usr/x 2>&1',
    okCodes: [1],
    expected: /Read-only file system/,
  },
  { title: 'the host name is that of the cloud-config', command: 'hostname', expected: /^kiln-test\n$/ },
  {
    title: 'write_files has written, with the mode asked for',
    command: 'sudo cat /etc/kiln-test/written; sudo stat --format "%a %U" /etc/kiln-test/written',
    expected: /^written\n640 root\n$/,
  },
  { title: 'runcmd has run', command: 'cat /run/kiln-test-ran', expected: /^ran as root\n$/ },
  { title: 'the overlay folder is in the image', command: 'cat /etc/hello-kiln', expected: /\S/ },
  { title: 'it knows that it is live', command: 'ls /run/cos', expected: /^live_mode$/m },
]

function verityCheck(rootHash: string): Check {
  return {
    title: 'the root hash is that of the payload',
    command: 'sudo veritysetup status kiln-root',
    expected: new RegExp(`status: +verified[^]*root hash: +${rootHash}`),
  }
}

const expectedRelease = {
  KAIROS_FLAVOR: 'debian',
  KAIROS_FLAVOR_RELEASE: '13',
  KAIROS_VARIANT: 'core',
  KAIROS_ARCH: 'amd64',
  KAIROS_MODEL: 'generic',
  KAIROS_VERSION: 'v0.1.0',
}

function parseRelease(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+)="?(.*?)"?$/gm)].map(([, key, value]) => [key, value]))
}

async function outputOf(guest: Guest, command: string): Promise<string> {
  return (await runInGuest(guest, command)).stdout
}

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import { createDisk } from '@kiln/factory/tools/qemu-img'
import { bootTimeoutMs, freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeLogin,
  nodeLogin,
  runningVersion,
  stateOf,
  writeNodeDefinition,
} from './node-harness.ts'

const version = 'v1.0.0'
/** The smallest disk that the documentation promises for a core system. */
const smallestDisk = 3 * 2 ** 30

describe('an ISO whose cloud-config says install.auto', { concurrency: 2 }, () => {
  let folder: string
  let login: NodeLogin
  let iso: string

  before(async () => {
    folder = await freshFolder()
    login = await nodeLogin(folder)
    const config = {
      install: {
        auto: true,
        device: 'auto',
        poweroff: true,
        partitions: { oem: { size: 80 } },
        'extra-partitions': [{ name: 'data', size: '64MiB', fs: 'ext4', label: 'DATA' }],
        bind_mounts: ['/srv'],
        ephemeral_mounts: ['/opt'],
        env: ['KILN_TEST=of the hook'],
      },
      stages: { 'after-install': [{ commands: ['echo "$KILN_TEST" > /run/cos/oem/hook'] }] },
    }
    const definition = await writeNodeDefinition(folder, { version, artifacts: ['iso'], config }, login)
    iso = (await buildNode(definition)).iso ?? ''
  })

  for (const firmware of ['uefi', 'bios'] as const) {
    test(`installs itself under ${firmware.toUpperCase()}, and the disk starts by itself`, () =>
      scenario(firmware))
  }

  async function scenario(firmware: Firmware): Promise<void> {
    const disk = join(folder, `${firmware}.qcow2`)
    await createDisk(disk, smallestDisk)
    const disks = [{ file: disk }]
    {
      await using live = await startMachine({ firmware, drives: [artifactDrive(iso)], disks })
      const gone = await live.outcome({ failed: /kiln.*install.*failed/i }, { timeoutMs: bootTimeoutMs })
      assert.equal(gone.kind, 'ended', live.console.lastLines(40).join('\n'))
    }
    await using machine = await startMachine({ firmware, disks, sshPort: 'auto' })
    const guest = await waitForLogin(machine, login)
    const state = await stateOf(guest)
    assert.deepEqual([state.mode, state.generation, state.problems], ['active', 1, []])
    assert.equal(await runningVersion(guest), version)
    assert.equal((await inGuest(guest, 'systemctl --failed --plain --no-legend')).trim(), '')
    const mounted = await inGuest(
      guest,
      'for path in /usr/local /oem; do findmnt --noheadings --output LABEL "$path"; done',
    )
    assert.deepEqual(mounted.split(/\s+/).filter(Boolean).toSorted(), ['COS_OEM', 'COS_PERSISTENT'])
    const wished = await inGuest(
      guest,
      `cat /oem/hook; lsblk --noheadings --bytes --raw --output LABEL,SIZE /dev/vda | grep -E 'COS_OEM|DATA';
       findmnt --noheadings --output FSTYPE /srv; findmnt --noheadings --output FSTYPE /opt; sudo touch /srv/a /opt/a`,
    )
    assert.deepEqual(wished.trim().split('\n'), [
      'of the hook',
      `COS_OEM ${80 * 2 ** 20}`,
      `DATA ${64 * 2 ** 20}`,
      'ext4',
      'overlay',
    ])
    const twice = await inGuest(guest, 'lsblk --noheadings --raw --output PARTUUID /dev/vda | sort | uniq -d')
    assert.equal(twice.trim(), '', 'each partition has a name of its own')
  }
})

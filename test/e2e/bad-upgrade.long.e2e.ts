import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { startMachine } from '@kiln/factory/boot/machine'
import type { WatchdogDevice } from '@kiln/factory/tools/qemu'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { bootTimeoutMs, freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeImage,
  type NodeLogin,
  nodeLogin,
  overlayDisk,
  runningVersion,
  stateOf,
  waitForState,
  writeNodeDefinition,
} from './node-harness.ts'
import { type NodeRegistry, nodeRegistry, pushNode } from './node-registry.ts'

const good = 'v1.0.0'
/** Three starts that fail, and one that does not. */
const fallbackTimeoutMs = 2 * bootTimeoutMs

interface BadSystem extends Pick<NodeImage, 'files' | 'cmdline'> {
  readonly version: string
  readonly what: string
  readonly reason: RegExp
  /** Before the restart. */
  readonly prepare?: (guest: Guest) => Promise<unknown>
}

/** What an image brings along for the initramfs to do, before anything of the root runs. */
function early(command: string): Readonly<Record<string, string>> {
  const config = { stages: { rootfs: [{ commands: [command] }] } }
  return { '/system/oem/99_test.yaml': `#cloud-config\n${JSON.stringify(config)}\n` }
}

const hangs = { files: early('sleep 100000'), cmdline: ['kiln.watchdog=40'], reason: /did-not-come-up.*hung/ }

/** New systems that do not come up, or come up sick. Each is left again without a hand, and the reason is kept. */
const nodes: readonly {
  readonly firmware: Firmware
  readonly watchdog: WatchdogDevice
  readonly systems: readonly BadSystem[]
}[] = [
  {
    firmware: 'uefi',
    watchdog: 'i6300esb',
    systems: [
      {
        what: 'whose kernel panics',
        version: 'v2.0.0',
        cmdline: ['rdinit=/nothing', 'root=/dev/nothing'],
        reason: /did-not-come-up.*kernel/,
      },
      { what: 'that hangs before user space, with a watchdog', version: 'v2.1.0', ...hangs },
      {
        what: 'whose health probe fails',
        version: 'v2.2.0',
        files: { '/etc/kiln-test-sick': 'sick\n' },
        reason: /not-healthy.*kiln-test-sick/,
      },
    ],
  },
  {
    firmware: 'bios',
    watchdog: 'none',
    systems: [
      {
        what: 'that has no first program',
        version: 'v2.3.0',
        files: early('/bin/busybox mount -t tmpfs none /sysroot/usr/sbin'),
        reason: /init-missing/,
      },
      {
        what: 'whose root image is damaged on the disk',
        version: 'v2.4.0',
        prepare: damageNewest,
        reason: /root-(damaged|not-verified)/,
      },
      { what: 'that hangs before user space, without a watchdog', version: 'v2.5.0', ...hangs },
    ],
  },
]

/** As drivers of the kernel call themselves. */
const identities: Readonly<Record<WatchdogDevice, RegExp>> = {
  none: /^Software Watchdog$/m,
  i6300esb: /^i6300ESB timer$/m,
}

describe('an upgrade to a system', { concurrency: 2 }, () => {
  let folder: string
  let login: NodeLogin
  let raw: string
  let registry: NodeRegistry
  const references = new Map<string, string>()

  before(async () => {
    folder = await freshFolder()
    login = await nodeLogin(folder)
    registry = await nodeRegistry(folder)
    const config = {
      kiln: {
        registries: { [registry.fromGuest]: { 'plain-http': true } },
        health: { timeout: '20s', command: ['test ! -e /etc/kiln-test-sick'] },
      },
    }
    const write = (image: Omit<NodeImage, 'artifacts' | 'config'>) =>
      writeNodeDefinition(folder, { ...image, artifacts: ['raw'], config }, login)
    raw = (await buildNode(await write({ version: good }))).raw ?? ''
    for (const { version, files = {}, cmdline = [] } of nodes.flatMap(({ systems }) => systems)) {
      references.set(version, await pushNode(registry, await write({ version, files, cmdline })))
    }
  })

  for (const { firmware, watchdog, systems } of nodes) {
    test(`under ${firmware.toUpperCase()}`, async (t) => {
      const disk = await overlayDisk(raw, join(folder, `${firmware}.qcow2`), 6)
      await using machine = await startMachine({
        firmware,
        watchdog,
        disks: [{ file: disk }],
        sshPort: 'auto',
      })
      const guest = await waitForLogin(machine, login)
      assert.match(await inGuest(guest, 'cat /sys/class/watchdog/watchdog0/identity'), identities[watchdog])
      for (const system of systems) {
        await t.test(`${system.what} ends on the old one`, () => leave(guest, system))
      }
    })
  }

  async function leave(guest: Guest, { version, reason, prepare }: BadSystem): Promise<void> {
    await inGuest(guest, `sudo kiln-agent upgrade ${references.get(version)}`)
    const number = (await newest(guest)).number
    await prepare?.(guest)
    await runInGuest(guest, 'sudo systemctl reboot', { okCodes: [0, 255] })
    const state = await waitForState(
      guest,
      ({ generation, generations }) =>
        generation === 1 && generations?.find((each) => each.number === number)?.status === 'bad',
      fallbackTimeoutMs,
    )
    assert.equal(await runningVersion(guest), good)
    assert.equal(state.mode, 'passive')
    assert.match(JSON.stringify(state.generations?.find((each) => each.number === number)?.failure), reason)
    assert.match(await inGuest(guest, 'sudo kiln-agent state'), reason, 'people see it, too')
    await inGuest(guest, 'test -e /run/cos/upgrade_failure')
  }
})

async function newest(guest: Guest) {
  const { generations = [] } = await stateOf(guest)
  const last = generations.toSorted((a, b) => a.number - b.number).at(-1)
  assert.ok(last)
  return last
}

/** Changes a byte at the start of the newest slot's root image, where its superblock is. */
async function damageNewest(guest: Guest): Promise<void> {
  const { slot } = await newest(guest)
  const partition = '/run/initramfs/cos-state'
  await inGuest(guest, `sudo mount -o remount,rw ${partition}`)
  await inGuest(
    guest,
    `printf x | sudo dd of=${partition}/slots/${slot}/root.img bs=1 seek=40 conv=notrunc,fsync status=none`,
  )
}

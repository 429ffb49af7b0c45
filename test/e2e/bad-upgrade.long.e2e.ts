import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { startMachine } from '@kiln/factory/boot/machine'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { freshFolder, waitForLogin } from './harness.ts'
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

/** New systems that do not come up, or come up sick. Each is left again without a hand, and the reason is kept. */
const bad: readonly (Pick<NodeImage, 'version' | 'files' | 'cmdline'> & {
  readonly what: string
  readonly reason: RegExp
  /** Before the restart. */
  readonly before?: (guest: Guest) => Promise<unknown>
})[] = [
  {
    what: 'whose kernel panics',
    version: 'v2.0.0',
    cmdline: ['rdinit=/nothing', 'root=/dev/nothing'],
    reason: /come up|tries/,
  },
  {
    what: 'whose root image is damaged on the disk',
    version: 'v2.1.0',
    before: damageNewest,
    reason: /root|verif|damaged/i,
  },
  {
    what: 'whose health probe fails',
    version: 'v2.2.0',
    files: { '/etc/kiln-test-sick': 'sick\n' },
    reason: /kiln-test-sick|probe|health/i,
  },
]

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
        health: { timeout: '45s', command: ['test ! -e /etc/kiln-test-sick'] },
      },
    }
    const write = (image: Omit<NodeImage, 'artifacts' | 'config'>) =>
      writeNodeDefinition(folder, { ...image, artifacts: ['raw'], config }, login)
    raw = (await buildNode(await write({ version: good }))).raw ?? ''
    for (const { version, files = {}, cmdline = [] } of bad) {
      references.set(version, await pushNode(registry, await write({ version, files, cmdline })))
    }
  })

  for (const { what, version, reason, before: prepare } of bad) {
    test(`${what} ends on the old one`, async () => {
      const disk = await overlayDisk(raw, join(folder, `${version}.qcow2`), 6)
      await using machine = await startMachine({
        firmware: 'uefi',
        disks: [{ file: disk }],
        sshPort: 'auto',
      })
      const guest = await waitForLogin(machine, login)
      await inGuest(guest, `sudo kiln-agent upgrade ${references.get(version)}`)
      await prepare?.(guest)
      await runInGuest(guest, 'sudo systemctl reboot', { okCodes: [0, 255] })
      const state = await waitForState(
        guest,
        ({ generation, generations }) =>
          generation === 1 &&
          generations?.some(({ number, status }) => number === 2 && status === 'bad') === true,
      )
      assert.equal(await runningVersion(guest), good)
      assert.equal(state.mode, 'passive')
      assert.match(JSON.stringify(state.generations?.find(({ number }) => number === 2)?.failure), reason)
    })
  }
})

/** Changes a byte at the start of the newest slot's root image, where its superblock is. */
async function damageNewest(guest: Guest): Promise<void> {
  const { generations = [] } = await stateOf(guest)
  const slot = generations.find(({ number }) => number === 2)?.slot
  const partition = '/run/initramfs/cos-state'
  await inGuest(guest, `sudo mount -o remount,rw ${partition}`)
  await inGuest(
    guest,
    `printf x | sudo dd of=${partition}/slots/${slot}/root.img bs=1 seek=40 conv=notrunc,fsync status=none`,
  )
}

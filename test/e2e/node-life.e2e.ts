import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { startMachine } from '@kiln/factory/boot/machine'
import { runInGuest } from '@kiln/factory/tools/ssh'
import { freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeLogin,
  nodeLogin,
  overlayDisk,
  runningVersion,
  stateOf,
  waitForState,
  writeNodeDefinition,
} from './node-harness.ts'
import { nodeRegistry, pushNode } from './node-registry.ts'

const [first, second] = ['v1.0.0', 'v1.1.0']
const store = '/dev/disk/by-label/COS_PERSISTENT'

describe('the life of a node that starts from a raw image', { concurrency: 2 }, () => {
  let folder: string
  let login: NodeLogin
  let raw: string
  let payload: string

  before(async () => {
    folder = await freshFolder()
    login = await nodeLogin(folder)
    const registry = await nodeRegistry(folder)
    const config = { kiln: { registries: { [registry.fromGuest]: { 'plain-http': true } } } }
    const [old, next] = await Promise.all(
      [first, second].map((version) =>
        writeNodeDefinition(folder, { version, artifacts: ['raw'], config }, login),
      ),
    )
    raw = (await buildNode(old ?? '')).raw ?? ''
    payload = await pushNode(registry, next ?? '')
  })

  for (const firmware of ['uefi', 'bios'] as const) {
    test(`under ${firmware.toUpperCase()}`, (t) => live(t, firmware))
  }

  async function live(t: { test: typeof test }, firmware: Firmware): Promise<void> {
    const disk = await overlayDisk(raw, join(folder, `${firmware}.qcow2`), 6)
    await using machine = await startMachine({ firmware, disks: [{ file: disk }], sshPort: 'auto' })
    let guest = await waitForLogin(machine, login)
    const restarted = async (command: string) => {
      const since = machine.position
      await runInGuest(guest, command, { okCodes: [0, 255] })
      guest = await waitForLogin(machine, login, since)
    }

    await t.test('comes up installed, with its store grown to the end of the disk', async () => {
      const state = await stateOf(guest)
      assert.deepEqual([state.mode, state.generation, state.problems], ['active', 1, []])
      assert.equal(await runningVersion(guest), first)
      const mebibytes = Number(await inGuest(guest, "df --output=size -m /usr/local | tail -n 1 | tr -d ' '"))
      assert.ok(mebibytes > 3000, `${mebibytes} MiB`)
      assert.equal((await inGuest(guest, 'systemctl --failed --plain --no-legend')).trim(), '')
    })

    await t.test('is upgraded from a registry, keeps its store and forgets /etc', async () => {
      await inGuest(guest, 'echo kept | sudo tee /usr/local/kept; echo here | sudo tee /etc/forgotten')
      const plan = await inGuest(guest, `sudo kiln-agent upgrade --dry-run ${payload}`)
      assert.match(plan, /v1\.0\.0/)
      assert.match(plan, /v1\.1\.0/)
      await inGuest(guest, `sudo kiln-agent upgrade ${payload}`)
      await restarted('sudo systemctl reboot')
      assert.equal(await runningVersion(guest), second)
      assert.equal(await inGuest(guest, 'cat /usr/local/kept'), 'kept\n')
      await assert.rejects(inGuest(guest, 'cat /etc/forgotten'))
      await healthy(2)
    })

    await t.test('starts the earlier generation once, and then the newer one again', async () => {
      await restarted('sudo kiln-agent rollback 1 --once --reboot')
      assert.equal(await runningVersion(guest), first)
      const { mode, generation, generations = [], problems } = await stateOf(guest)
      const known = generations.map(({ number, status }) => `${number} ${status}`)
      assert.deepEqual([mode, generation, known, problems], ['passive', 1, ['1 good', '2 good'], []])
      await restarted('sudo systemctl reboot')
      assert.equal(await runningVersion(guest), second)
      await healthy(2)
    })

    await t.test('goes back to the earlier generation, as a new one', async () => {
      await inGuest(guest, 'sudo kiln-agent rollback 1')
      await restarted('sudo systemctl reboot')
      assert.equal(await runningVersion(guest), first)
      await healthy(3)
    })

    await t.test('is reset: an empty store, and its configuration still there', async () => {
      const since = machine.position
      const block = await blockOf('/kept')
      assert.match(await contentOf(block), /kept/)
      // Overwriting takes its time, and is the same under both.
      const isSecure = firmware === 'uefi'
      await restarted(`sudo kiln-agent reset --yes --reboot ${isSecure ? '--secure-erase' : ''}`)
      // The job is done in recovery, which then starts the new generation.
      const state = await waitForState(guest, ({ mode, generation }) => mode === 'active' && generation === 4)
      assert.deepEqual(state.problems, [])
      await assert.rejects(inGuest(guest, 'cat /usr/local/kept'))
      await inGuest(guest, 'sudo test -s /oem/90_custom.yaml')
      if (!isSecure) return
      const said = { overwritten: /kiln: reset: .*: overwriting \/dev\// }
      assert.equal((await machine.outcome(said, { timeoutMs: 1000, since })).kind, 'match')
      assert.doesNotMatch(await contentOf(block), /kept/)
    })

    /** Where a file of the store begins on its partition, in blocks of 4 KiB. */
    async function blockOf(path: string): Promise<number> {
      await inGuest(guest, 'sync')
      const blocks = await inGuest(guest, `sudo debugfs -R 'blocks ${path}' ${store} 2>/dev/null`)
      return Number(blocks.trim().split(' ')[0])
    }

    function contentOf(block: number): Promise<string> {
      const read = `sudo dd if=${store} bs=4096 skip=${block} count=1 iflag=direct status=none`
      return inGuest(guest, `${read} | tr -d '\\000'`)
    }

    /** The gate has passed: the generation that runs is good. */
    async function healthy(generation: number): Promise<void> {
      const wait = 'timeout 300 sh -c "until systemctl is-active -q kiln-health.service; do sleep 2; done"'
      await inGuest(guest, wait)
      const state = await stateOf(guest)
      const running = state.generations?.find((each) => each.running)
      assert.deepEqual([running?.number, running?.status, state.mode], [generation, 'good', 'active'])
    }
  }
})

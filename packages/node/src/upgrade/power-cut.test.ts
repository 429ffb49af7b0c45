import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Payload, recoveryId } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { openNode } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { main } from '../main.ts'
import { faultHost, PowerCut } from '../testkit/fault-host.ts'
import { recordOf, startOf } from '../testkit/firmware.ts'
import { esp, type Firmware, state } from '../testkit/installed-node.ts'
import { snapshot } from '../testkit/snapshot.ts'
import { type UpgradeNode, upgradeNode } from '../testkit/upgrade-node.ts'

/**
 * The power fails at every effect of an upgrade in turn, which every other time tears the write. Each time the machine must
 * start, and the same command, given once more, must come to the same end.
 */
interface Scene {
  /** Brings a new node to where the power is going to fail. @returns the command */
  readonly prepare: (it: UpgradeNode) => readonly string[]
  /** Another command that is given then, in place of the same one. */
  readonly instead?: readonly string[]
  /** What the machine may start at any point: `entry version`. */
  readonly starts: readonly string[]
  /** What has to be in the end; generations that were given up are left out. */
  readonly ends: string
  readonly generations: readonly string[]
  readonly check?: (it: UpgradeNode) => void
  /** Effects that it has at least; fewer would mean that nothing was tested. */
  readonly least: number
  /** What differs between the loaders is in the other scenes. */
  readonly uefiOnly?: true
}

const agent = (it: UpgradeNode, ...args: string[]) => assert.equal(it.agent('upgrade', ...args).code, 0)
const slots = (it: UpgradeNode) => it.host.list(`${state}/slots`).length

const newLoader = (card: Payload) => ({ ...card, bootLoader: { ...card.bootLoader, version: '258' } })

const scenes: Readonly<Record<string, Scene>> = {
  upgrade: {
    prepare: (it) => [it.payload('v2', newLoader)],
    starts: ['kiln-1 v1', 'kiln-2 v2'],
    ends: 'kiln-2 v2',
    generations: ['1 good v1', '2 armed v2'],
    check: (it) => {
      const { operation, bootLoader } = it.record()
      assert.deepEqual([operation?.phase, bootLoader?.version, slots(it)], ['reboot', '258', 2])
    },
    least: 80,
  },
  'a second upgrade without a restart': {
    prepare: (it) => {
      agent(it, it.payload('v2'))
      return [it.payload('v3')]
    },
    starts: ['kiln-2 v2', 'kiln-3 v3'],
    ends: 'kiln-3 v3',
    generations: ['1 good v1', '3 armed v3'],
    check: (it) => assert.equal(slots(it), 2),
    least: 60,
  },
  'an upgrade with little space': {
    prepare: (it) => {
      agent(it, it.payload('v2'))
      const reference = it.payload('v3')
      it.leave('state', 1_075_000)
      return [reference]
    },
    starts: ['kiln-2 v2', 'kiln-1 v1', 'kiln-3 v3'],
    ends: 'kiln-3 v3',
    generations: ['1 good v1', '3 armed v3'],
    least: 60,
    uefiOnly: true,
  },
  'an upgrade of recovery': {
    prepare: (it) => [it.payload('v2'), '--recovery'],
    starts: ['kiln-1 v1'],
    ends: 'kiln-1 v1',
    generations: ['1 good v1'],
    check: (it) => {
      const { recovery, operation } = it.record()
      assert.deepEqual([recovery?.image.version, operation, slots(it)], ['v2', undefined, 2])
    },
    least: 50,
  },
  'an upgrade of recovery, and then the system is upgraded instead': {
    prepare: (it) => {
      it.payload('v3')
      return [it.payload('v2'), '--recovery']
    },
    instead: ['upgrade', 'dir:/srv/v3'],
    starts: ['kiln-1 v1'],
    ends: 'kiln-2 v3',
    generations: ['1 good v1', '2 armed v3'],
    least: 50,
    uefiOnly: true,
  },
  'an upgrade of recovery, and then it is taken back': {
    prepare: (it) => [it.payload('v2'), '--recovery'],
    instead: ['upgrade', 'abort'],
    starts: ['kiln-1 v1'],
    ends: 'kiln-1 v1',
    generations: ['1 good v1'],
    check: (it) => assert.equal(it.record().operation, undefined),
    least: 50,
    uefiOnly: true,
  },
  'an upgrade, and then to something else': {
    prepare: (it) => {
      it.payload('v3')
      return [it.payload('v2')]
    },
    instead: ['upgrade', 'dir:/srv/v3'],
    starts: ['kiln-1 v1', 'kiln-2 v2'],
    // A number that was given is not given again.
    ends: 'kiln-[23] v3',
    generations: ['1 good v1', '[23] armed v3'],
    check: (it) => assert.equal(slots(it), 2),
    least: 50,
    uefiOnly: true,
  },
  'taking back what is armed': {
    prepare: (it) => {
      agent(it, it.payload('v2'))
      return ['abort']
    },
    starts: ['kiln-2 v2', 'kiln-1 v1'],
    ends: 'kiln-1 v1',
    generations: ['1 good v1'],
    check: (it) => assert.deepEqual([it.record().operation, slots(it)], [undefined, 1]),
    least: 10,
  },
}

for (const firmware of ['uefi', 'bios'] as const satisfies readonly Firmware[]) {
  for (const [name, scene] of Object.entries(scenes)) {
    if (firmware === 'bios' && scene.uefiOnly) continue
    describe(`power cuts, ${firmware}: ${name}`, () => {
      test('the node starts at every point, and doing it again completes it', (context) => {
        const it = upgradeNode(context, firmware)
        const args = ['upgrade', ...scene.prepare(it)]
        const restore = snapshot(context, it.folder)
        let cuts = 0
        for (let at = 1; ; at++) {
          restore()
          const { host, effects } = faultHost(it.host, at, at % 2 === 0)
          const isCut = cutOff({ ...host, args })
          const where = `cut ${at}: ${effects.at(-1)}`
          assertStarts(it, scene.starts, where)
          assertRecovery(it, where)
          const { code, text } = it.agent(...(scene.instead ?? args))
          assert.equal(code, 0, `after ${where}: ${text}`)
          assertStarts(it, [scene.ends], `after ${where}`)
          assertRecovery(it, `after ${where}`)
          assert.match(living(it).join(), new RegExp(`^${scene.generations.join()}$`), `after ${where}`)
          scene.check?.(it)
          if (!isCut) break
          cuts++
        }
        assert.ok(cuts >= scene.least, `only ${cuts} effects`)
      })
    })
  }
}

function living(it: UpgradeNode): string[] {
  return it
    .record()
    .generations.filter(({ status }) => status !== 'bad')
    .map(({ number, status, image }) => `${number} ${status} ${image.version}`)
}

/** The good generation stays what it is, and the machine starts something that it may start. */
function assertStarts(it: UpgradeNode, expected: readonly string[], where: string): void {
  const [first] = recordOf(it).generations
  assert.deepEqual([first?.number, first?.status], [1, 'good'], where)
  const { entry, version } = startOf(it)
  const isExpected = expected.some((pattern) => new RegExp(`^${pattern}$`).test(`${entry} ${version}`))
  assert.ok(isExpected, `${where}: would start ${entry} ${version}`)
}

/** Recovery has its boot files and its slot, and the record keeps it. */
function assertRecovery({ folder, firmware, host }: UpgradeNode, where: string): void {
  const entries = withLoader(host, openNode(host).disk, 'read', (loader) => loader.entries())
  const slot = entries.find(({ id }) => id === recoveryId)?.slot ?? ''
  const file = firmware === 'uefi' ? `EFI/kiln/${slot}.efi` : `kiln/${slot}/kernel`
  assert.ok(existsSync(join(folder, esp, file)), `${where}: recovery has ${file}`)
  assert.ok(existsSync(join(folder, state, 'slots', slot, 'payload.json')), `${where}: recovery has its slot`)
}

/** @returns whether the power failed before the command was done */
function cutOff(host: Host): boolean {
  try {
    assert.equal(main(host), 0)
    return false
  } catch (error) {
    if (error instanceof PowerCut) return true
    throw error
  }
}

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { runGate } from '../health/health.ts'
import type { Host } from '../host/host.ts'
import { main } from '../main.ts'
import { faultHost, PowerCut } from '../testkit/fault-host.ts'
import { recordOf, startOf } from '../testkit/firmware.ts'
import { type Firmware, type InstalledNode, installedNode, state } from '../testkit/installed-node.ts'
import { snapshot } from '../testkit/snapshot.ts'
import { armGeneration, replaceRecovery } from './arm.ts'
import { openNode } from './node.ts'
import { withLoader } from './open-loader.ts'

/** Everything that changes what a node starts, cut off at each of its effects and begun again. */
interface Operation {
  readonly name: string
  readonly prepare?: (node: InstalledNode) => void
  readonly run: (host: Host, node: InstalledNode) => void
  /** What may be started at any point: `entry version`. */
  readonly starts: readonly string[]
  /** What is started once it is done. */
  readonly ends: string
  readonly check?: (node: InstalledNode) => void
  /** Effects that it has at least; fewer would mean that nothing was tested. */
  readonly least: number
}

const stage = (host: Host, node: InstalledNode, version: string) => {
  const payload = payloadOf(node, version)
  const slot = payload.root.rootHash
  return { open: openNode(host), staged: { slot, payload, source: 'oci:r/box:x' } }
}

function payloadOf(node: InstalledNode, version: string) {
  const payload = node.payloads.get(version)
  if (!payload) throw new Error(`no slot of ${version}`)
  return payload
}

function armVersion(host: Host, node: InstalledNode, version: string): void {
  const { open, staged } = stage(host, node, version)
  withLoader(host, open.disk, 'write', (loader) => armGeneration(open, loader, staged))
}

/** Generation 2 runs and is on trial. */
function onTrial(node: InstalledNode): void {
  const { root } = node.addSlot('v2')
  armVersion(node.host, node, 'v2')
  node.boot({ mode: 'active', generation: 2, slot: root.rootHash })
  assert.equal(main({ ...node.host, args: ['reconcile'] }), 0)
}

/** Generation 2 is good, and runs. */
function upgraded(node: InstalledNode): void {
  onTrial(node)
  assert.equal(runGate(node.host), 0)
}

function inRecovery(node: InstalledNode): void {
  upgraded(node)
  assert.equal(main({ ...node.host, args: ['reset', '--yes', '--reset-oem'] }), 0)
  node.boot({ mode: 'recovery', slot: payloadOf(node, 'v1').root.rootHash })
}

const statuses = (node: InstalledNode) =>
  recordOf(node).generations.map((each) => `${each.number} ${each.status}`)

const operations: readonly Operation[] = [
  {
    name: 'arm',
    prepare: (node) => void node.addSlot('v2'),
    run: (host, node) => armVersion(host, node, 'v2'),
    starts: ['kiln-1 v1', 'kiln-2 v2'],
    ends: 'kiln-2 v2',
    check: (node) => assert.deepEqual(statuses(node), ['1 good', '2 armed']),
    least: 8,
  },
  {
    name: 'bless, with what is let go afterwards',
    prepare: (node) => {
      upgraded(node)
      const { root } = node.addSlot('v3')
      armVersion(node.host, node, 'v3')
      node.boot({ mode: 'active', generation: 3, slot: root.rootHash })
      main({ ...node.host, args: ['reconcile'] })
    },
    run: (host) => assert.equal(runGate(host), 0),
    starts: ['kiln-3 v3'],
    ends: 'kiln-3 v3',
    check: (node) => {
      assert.deepEqual(statuses(node), ['2 good', '3 good'])
      // Recovery still has the slot of generation 1.
      assert.equal(node.host.list(`${state}/slots`).length, 3)
    },
    least: 8,
  },
  {
    name: 'rollback',
    prepare: upgraded,
    run: (host) => assert.equal(main({ ...host, args: ['rollback'] }), 0),
    starts: ['kiln-2 v2', 'kiln-3 v1'],
    ends: 'kiln-3 v1',
    check: (node) => assert.equal(recordOf(node).generations.at(-1)?.rolledBackTo, 1),
    least: 6,
  },
  {
    name: 'a new recovery system',
    prepare: (node) => void node.addSlot('v2'),
    run: (host, node) => {
      const { open, staged } = stage(host, node, 'v2')
      withLoader(host, open.disk, 'write', (loader) => replaceRecovery(open, loader, staged))
    },
    starts: ['kiln-1 v1'],
    ends: 'kiln-1 v1',
    check: (node) => assert.equal(recordOf(node).recovery?.image.version, 'v2'),
    least: 6,
  },
  {
    name: 'a new boot loader',
    prepare: upgraded,
    run: (host) => assert.equal(main({ ...host, args: ['boot-loader', 'update'] }), 0),
    starts: ['kiln-2 v2'],
    ends: 'kiln-2 v2',
    check: (node) => {
      assert.equal(recordOf(node).bootLoader?.version, payloadOf(node, 'v2').bootLoader.version)
    },
    least: 5,
  },
  {
    name: 'reset',
    prepare: inRecovery,
    run: (host) => assert.equal(main({ ...host, args: ['reset', '--resume'] }), 0),
    starts: ['kiln-2 v2', 'kiln-3 v1'],
    ends: 'kiln-3 v1',
    check: (node) => {
      assert.equal(recordOf(node).operation, undefined)
      assert.equal(recordOf(node).generations.at(-1)?.source, 'recovery')
    },
    least: 10,
  },
  {
    name: 'noting that a good generation does not start any more',
    prepare: (node) => {
      upgraded(node)
      node.boot({ mode: 'passive', generation: 1, slot: payloadOf(node, 'v1').root.rootHash })
      const note = { reason: 'root-damaged', at: 'x', title: 'root.img is damaged', detail: 'block 7' }
      mkdirSync(`${node.folder}${state}/kiln`, { recursive: true })
      writeFileSync(`${node.folder}${state}/kiln/failure-2.json`, JSON.stringify(note))
    },
    run: (host) => assert.equal(main({ ...host, args: ['reconcile'] }), 0),
    starts: ['kiln-2 v2', 'kiln-1 v1'],
    ends: 'kiln-1 v1',
    check: (node) => {
      assert.deepEqual(statuses(node), ['1 good', '2 bad'])
      assert.match(recordOf(node).lastFailure?.detail ?? '', /block 7/)
      assert.ok(!node.host.list(`${state}/kiln`).some((name) => name.startsWith('failure')))
    },
    least: 5,
  },
]

for (const firmware of ['uefi', 'bios'] as const satisfies readonly Firmware[]) {
  for (const operation of operations) {
    describe(`power cuts, ${firmware}: ${operation.name}`, () => {
      test('a node starts at every point, and doing it again completes it', (context) => {
        const node = installedNode(context, firmware, healthy)
        operation.prepare?.(node)
        const restore = snapshot(context, node.folder)
        /** @returns whether the operation was cut off, and did not end before */
        const cutAt = (at: number, torn: boolean, where: string): boolean => {
          const { host, effects } = faultHost(node.host, at, torn)
          const isCut = cutOff(() => operation.run(host, node))
          assertStarts(node, operation.starts, `${where} ${effects.at(-1)}`)
          return isCut
        }
        let at = 1
        for (let isCut = true; isCut; at++) {
          for (const torn of [false, true]) {
            restore()
            isCut = cutAt(at, torn, `cut ${at}${torn ? ', torn' : ''}:`)
            // The power fails again, somewhere else.
            cutAt((at * 7) % 11, !torn, `cut ${at}, then:`)
            operation.run(node.host, node)
            assertStarts(node, [operation.ends], `after cut ${at}`)
            operation.check?.(node)
          }
        }
        assert.ok(at - 2 >= operation.least, `only ${at - 2} effects`)
      })
    })
  }
}

function cutOff(action: () => void): boolean {
  try {
    action()
    return false
  } catch (error) {
    if (error instanceof PowerCut) return true
    throw error
  }
}

function assertStarts(node: InstalledNode, expected: readonly string[], where: string): void {
  recordOf(node)
  const { entry, version } = startOf(node)
  assert.ok(expected.includes(`${entry} ${version}`), `${where}: would start ${entry} ${version}`)
}

function healthy(argv: readonly string[]) {
  return argv[0] === 'systemctl' && argv[1] === 'is-active' ? { stdout: 'active\n' } : undefined
}

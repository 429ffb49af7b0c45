import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type Machine, startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import { createDisk } from '@kiln/factory/tools/qemu-img'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { configServer } from './config-server.ts'
import { dataMebibytes, everyModule, imageConfig, looks, toolsImage } from './every-module.ts'
import { bootTimeoutMs, freshFolder, waitForLogin } from './harness.ts'
import {
  buildNode,
  inGuest,
  type NodeLogin,
  nodeLogin,
  runningVersion,
  waitForState,
  writeNodeDefinition,
} from './node-harness.ts'
import { gateway, type NodeRegistry, nodeRegistry, pushNode } from './node-registry.ts'
import { pushImage } from './small-image.ts'

const [first, second] = ['v1.0.0', 'v1.1.0']
const diskBytes = 6 * 2 ** 30

interface Record {
  readonly stage: string
  readonly step: string
  readonly status: string
  readonly why?: string
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** A node that is installed with a configuration that uses every module, and its starts from then on. */
describe('a real cloud-config on a node', () => {
  let folder: string
  let login: NodeLogin
  let registry: NodeRegistry
  let disk: string
  let config: object

  before(async () => {
    folder = await freshFolder()
    login = await nodeLogin(folder)
    registry = await nodeRegistry(folder)
    await pushImage(registry.host, 'tools', ['v1', 'install'], toolsImage)
    const port = await configServer(folder)
    config = everyModule(`http://${gateway}:${port}`, registry.fromGuest)
    const files = { '/system/oem/50_image.yaml': imageConfig }
    const image = { version: first, artifacts: ['iso'], config, files, packages: ['git'] } as const
    const { iso = '' } = await buildNode(await writeNodeDefinition(folder, image, login))
    disk = join(folder, 'disk.qcow2')
    await createDisk(disk, diskBytes)
    await install(iso)
  })

  async function install(iso: string): Promise<void> {
    const drives = [artifactDrive(iso)]
    await using live = await startMachine({ firmware: 'uefi', drives, disks: [{ file: disk }] })
    const gone = await live.outcome({ failed: /kiln.*install.*failed/i }, { timeoutMs: bootTimeoutMs })
    assert.equal(gone.kind, 'ended', live.console.lastLines(40).join('\n'))
  }

  test('each module does its part, and each failure what its policy says', async (t) => {
    await using machine = await startMachine({
      firmware: 'uefi',
      disks: [{ file: disk }, { size: dataMebibytes * 2 ** 20 }, { size: 64 * 2 ** 20 }],
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, login)
    await inGuest(guest, waitForUnit('kiln-stage-network.service'))
    for (const [what, command, expected] of looks) {
      await t.test(what, async () => assert.equal((await inGuest(guest, command)).trim(), expected))
    }
    await t.test('the record says what ran, what was skipped and why, and what failed', () => recorded(guest))
    await t.test('a stage that failed is a failed unit, and the others are not', () => unitsOf(guest))
    await t.test('reconcile runs by its timer, and the plan of a stage changes nothing', () =>
      reconciles(guest),
    )
    await t.test('the next start makes the same users, and brings no bundle again', () =>
      startsAgain(machine, guest),
    )
    await t.test('a step that makes a new generation unhealthy leads back to the one before', () =>
      fallsBack(guest),
    )
  })

  async function startsAgain(machine: Machine, guest: Guest): Promise<void> {
    const more = '#cloud-config\nstages: {boot: [{name: More, users: {aaa: {}}}]}\n'
    await runInGuest(guest, 'sudo tee /oem/80_more.yaml', { input: more })
    const since = machine.position
    await runInGuest(guest, 'sudo systemctl reboot', { okCodes: [0, 255] })
    await waitForLogin(machine, login, since)
    await inGuest(guest, waitForUnit('kiln-stage-network.service'))
    // /etc is as in the image again, and another user comes first now.
    assert.equal(await inGuest(guest, 'id -u second aaa'), '1001\n1002\n')
    assert.equal(await inGuest(guest, 'stat -c %U /home/second'), 'second\n')
    assert.equal(await inGuest(guest, 'cat /usr/local/bundles'), 'tools:install\ntools:v1\n')
    const steps = await recordsOf(guest)
    const failed = steps.filter(({ status }) => status === 'failed').map(({ step }) => step)
    assert.deepEqual(failed, ['Fails', 'Stops'])
  }

  async function fallsBack(guest: Guest): Promise<void> {
    const step = { name: 'Sick', on_failure: 'unhealthy', commands: ['exit 9'] }
    const files = {
      '/system/oem/99_sick.yaml': `#cloud-config\n${JSON.stringify({ stages: { boot: [step] } })}\n`,
    }
    const image = { version: second, artifacts: ['iso'], config, files, packages: ['git'] } as const
    const reference = await pushNode(registry, await writeNodeDefinition(folder, image, login))
    await inGuest(guest, `sudo kiln-agent upgrade ${reference}`)
    await runInGuest(guest, 'sudo systemctl reboot', { okCodes: [0, 255] })
    const isBad = ({ number, status }: { number: number; status: string }) => number === 2 && status === 'bad'
    const state = await waitForState(
      guest,
      ({ generation, generations }) => generation === 1 && generations?.some(isBad) === true,
      2 * bootTimeoutMs,
    )
    assert.equal(await runningVersion(guest), first)
    assert.match(JSON.stringify(state.generations?.find(isBad)?.failure), /not-healthy.*Sick/)
  }
})

async function recorded(guest: Guest): Promise<void> {
  const steps = await recordsOf(guest)
  const status = (step: string) => steps.filter((each) => each.step === step).map((each) => each.status)
  const fine = ['Names', 'Image', 'Files', 'Kernel', 'Services', 'Accounts', 'Disk', 'Fetched']
  for (const step of [...fine, 'Early disk', 'Writable', 'Packages', 'Trees', 'bundles', 'Goes on']) {
    assert.deepEqual([step, status(step)], [step, ['ok']])
  }
  assert.deepEqual(status('Elsewhere'), ['skipped'])
  assert.deepEqual(status('Never'), ['skipped'])
  const failed = steps.filter((each) => each.status === 'failed')
  assert.deepEqual(
    failed.map(({ step, errors }) => [step, ...errors]),
    [
      ['Fails', 'command ended with 7: exit 7'],
      ['Stops', 'command ended with 8: exit 8'],
    ],
  )
}

async function unitsOf(guest: Guest): Promise<void> {
  const units = 'kiln-stage-boot kiln-stage-fs kiln-stage-network'
  const { stdout } = await runInGuest(guest, `systemctl is-failed ${units}`, { okCodes: [0, 1, 3] })
  assert.deepEqual(stdout.trim().split('\n'), ['failed', 'active', 'failed'])
}

async function reconciles(guest: Guest): Promise<void> {
  assert.equal((await inGuest(guest, 'systemctl is-active kiln-stage-reconcile.timer')).trim(), 'active')
  await inGuest(guest, 'sudo systemctl start kiln-stage-reconcile.service')
  assert.equal(await inGuest(guest, 'cat /run/reconciled'), 'yes\n')
  const before = await recordsOf(guest)
  assert.match(await inGuest(guest, 'sudo kiln-agent run-stage boot --plan'), /- run exit 7/)
  assert.deepEqual(await recordsOf(guest), before)
}

function waitForUnit(unit: string): string {
  return `timeout 300 sh -c "until systemctl show -p ActiveState ${unit} | grep -Eq 'active$|failed'; do sleep 1; done"`
}

async function recordsOf(guest: Guest): Promise<Record[]> {
  const { stdout } = await runInGuest(guest, 'sudo kiln-agent stages --json', { okCodes: [0, 1] })
  return (JSON.parse(stdout) as { readonly steps: Record[] }).steps
}

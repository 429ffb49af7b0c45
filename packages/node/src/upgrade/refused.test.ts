import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exitCodes, type Payload } from '@kiln/contract'
import { state } from '../testkit/installed-node.ts'
import { next, refused, slotOf, states, upgrade } from '../testkit/upgrade-command.ts'
import { type UpgradeNode, upgradeNode } from '../testkit/upgrade-node.ts'

/** `kiln-agent upgrade` on a node whose programs are played; real ones are in test/e2e. */
describe('an upgrade that is refused leaves the node as it was', () => {
  const image = (change: Partial<Payload['image']>) => (card: Payload) => ({
    ...card,
    image: { ...card.image, ...change },
  })
  const cases: readonly (readonly [
    name: string,
    message: RegExp,
    change?: ((card: Payload) => Payload) | undefined,
    prepare?: (it: UpgradeNode) => void,
  ])[] = [
    ['another architecture', /architecture arm64, this node has amd64/, image({ arch: 'arm64' })],
    ['another device', /device rpi4, this node has generic/, image({ device: 'rpi4' })],
    ['another flavor', /flavor fedora, this node has debian/, image({ flavor: 'fedora' })],
    [
      'no space on COS_STATE',
      /COS_STATE needs .* and has 4[89]\.\d KiB/,
      undefined,
      (it) => it.leave('state', 50_000),
    ],
    ['no space on the EFI partition', /COS_GRUB needs/, undefined, (it) => it.leave('efi', 50_000)],
    [
      'a file that is not what the card names',
      /boot.efi in .* is not the one/,
      undefined,
      (it) => it.plant('/srv/v2/boot.efi', 'other'),
    ],
    [
      'a root image that does not match its hash',
      /does not match its root hash: Verification/,
      undefined,
      (it) => void it.broken.push('slots'),
    ],
    [
      'no such source',
      /there is no \/srv\/v2/,
      undefined,
      (it) => it.host.remove('/srv/v2', { recursive: true }),
    ],
    [
      'nobody who could become root',
      /only bob, and none in the group admin/,
      undefined,
      (it) => it.plant('/oem/90_custom.yaml', '#cloud-config\nusers: [{name: bob}]\n'),
    ],
  ]
  for (const [name, message, change, prepare] of cases) {
    test(name, (context) => {
      const it = upgradeNode(context)
      const reference = it.payload('v2', change)
      prepare?.(it)
      refused(it, message, reference)
      assert.deepEqual([next(it), states(it)], ['kiln-1 v1', ['1 good v1']])
    })
  }

  test('a reset that is not finished', (context) => {
    const it = upgradeNode(context)
    const operation = { id: 'x', kind: 'reset', phase: 'x', started: 'then' } as const
    it.change((record) => ({ ...record, operation }))
    refused(it, /A reset was begun at then/, it.payload('v2'))
  })

  test('another one that runs, which is named', (context) => {
    const it = upgradeNode(context)
    const reference = it.payload('v2')
    const lock = it.host.lock('/run/kiln/lifecycle.lock')
    it.plant('/run/kiln/lifecycle.lock', 'upgrade to oci:first (process 7), since then\n')
    refused(it, /Running: upgrade to oci:first \(process 7\)/, reference)
    refused(it, /Running: upgrade to oci:first/, 'abort')
    assert.equal(it.agent('upgrade', 'status').code, 0, 'looking on is always possible')
    lock?.release()
    assert.equal(upgrade(it, reference).outcome, 'done')
  })

  test('a live medium, and a system that came up some other way', (context) => {
    const it = upgradeNode(context)
    const reference = it.payload('v2')
    it.boot({ mode: 'live' })
    refused(it, /started from a live medium/, reference)
    it.boot({ mode: 'strange' })
    refused(it, /not known how this system was started \(strange\)/, reference)
  })

  test('the same root image with other boot files', (context) => {
    const it = upgradeNode(context)
    const slot = slotOf(it, 'v1')
    for (const name of it.host.list(`${state}/slots/${slot}`)) {
      it.host.mkdir('/srv/v1', { recursive: true })
      it.host.write(`/srv/v1/${name}`, it.host.readBytes(`${state}/slots/${slot}/${name}`, 0, 1 << 20))
    }
    it.plant('/srv/v1/payload.json', it.host.readText('/srv/v1/payload.json').replace('"quiet"', '"debug"'))
    refused(it, /v1 has the root image of a system that is in use/, 'dir:/srv/v1')
  })

  test('a system that is not known to be good, as recovery', (context) => {
    const it = upgradeNode(context)
    upgrade(it, it.payload('v2'))
    it.bootNewest()
    refused(it, /Generation 2 is trial, not good/, '--recovery')
    it.blessNewest()
    assert.equal(upgrade(it, '--recovery').outcome, 'done')
  })

  test('as data, too', (context) => {
    const it = upgradeNode(context)
    const { code, text } = it.agent('upgrade', 'dir:/srv/none', '--json')
    const [line = ''] = text.split('\n')
    assert.deepEqual([code === 0, JSON.parse(line).error.reason], [false, 'not-found'])
  })

  test('credentials in a reference, which are shown nowhere', (context) => {
    const it = upgradeNode(context)
    const { code, text } = it.agent('upgrade', 'oci:user:geheim@example.org/os', '--json')
    assert.notEqual(code, 0)
    const lock = it.host.list('/run/kiln').includes('lifecycle.lock')
      ? it.host.readText('/run/kiln/lifecycle.lock')
      : ''
    assert.ok(!`${text}${lock}`.includes('geheim'))
  })

  test('nothing named', (context) => {
    refused(upgradeNode(context), /nothing says what to upgrade to/)
  })

  test('a command line that is not understood', (context) => {
    const it = upgradeNode(context)
    for (const args of [['a/b', 'c'], ['--nonsense'], ['a/b', 'c', 'd']]) {
      assert.equal(it.agent('upgrade', ...args).code, exitCodes.usage)
    }
  })
})

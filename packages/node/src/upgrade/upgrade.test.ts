import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Payload } from '@kiln/contract'
import { HostError } from '../host/host.ts'
import { esp, state } from '../testkit/installed-node.ts'
import {
  next,
  refused,
  slotOf,
  slots,
  states,
  upgrade,
  withLoader,
  withVersion,
} from '../testkit/upgrade-command.ts'
import { type UpgradeNode, upgradeNode } from '../testkit/upgrade-node.ts'

/** `kiln-agent upgrade` on a node whose programs are played; real ones are in test/e2e. */
for (const firmware of ['uefi', 'bios'] as const) {
  describe(`an upgrade, ${firmware}`, () => {
    test('makes a new generation, which the next boot tries', (context) => {
      const it = upgradeNode(context, firmware)
      const result = upgrade(it, it.payload('v2'))
      assert.deepEqual([result.outcome, result.generation, result.rebootNeeded], ['done', 2, true])
      assert.deepEqual(states(it), ['1 good v1', '2 armed v2'])
      assert.equal(next(it), 'kiln-2 v2')
      assert.deepEqual(slots(it), [slotOf(it, 'v1'), slotOf(it, 'v2')].sort())
      const { code, text } = it.agent('upgrade', 'status')
      assert.equal(code, 0)
      assert.match(text, /^armed as generation 2: v2 from dir:\/srv\/v2; it runs from the next start on$/m)
    })

    test('twice without a restart replaces what was never tried', (context) => {
      const it = upgradeNode(context, firmware)
      upgrade(it, it.payload('v2'))
      assert.equal(upgrade(it, it.payload('v3')).generation, 3)
      assert.deepEqual(states(it), ['1 good v1', '3 armed v3'])
      assert.equal(next(it), 'kiln-3 v3')
      assert.deepEqual(slots(it), [slotOf(it, 'v1'), slotOf(it, 'v3')].sort())
    })

    test('of recovery replaces that, and nothing else', (context) => {
      const it = upgradeNode(context, firmware)
      const result = upgrade(it, it.payload('v2'), '--recovery')
      assert.deepEqual([result.outcome, result.rebootNeeded], ['done', false])
      const { recovery, generations, operation } = it.record()
      assert.deepEqual([recovery?.image.version, generations.length, operation], ['v2', 1, undefined])
      assert.equal(next(it), 'kiln-1 v1')
      assert.equal(upgrade(it, '--recovery').outcome, 'done', 'what runs, where nothing is named')
      assert.deepEqual([it.record().recovery?.image.version, slots(it)], ['v1', [slotOf(it, 'v1')]])
    })

    test('can be taken back until it was started', (context) => {
      const it = upgradeNode(context, firmware)
      const reference = it.payload('v2')
      upgrade(it, reference)
      assert.match(it.agent('upgrade', 'abort').text, /v2 is not armed any more/)
      assert.deepEqual([next(it), slots(it)], ['kiln-1 v1', [slotOf(it, 'v1')]])
      upgrade(it, reference)
      assert.equal(states(it).at(-1), '3 armed v2', 'no number is given twice')
      it.bootNewest()
      refused(it, /Generation 3 was started already/, 'abort')
      assert.match(it.agent('upgrade', 'status').text, /^on trial as generation 3/)
    })
  })
}

describe('an upgrade', () => {
  test('to what runs is nothing to do', (context) => {
    const it = upgradeNode(context)
    const before = JSON.stringify(it.record())
    const slot = `dir:${state}/slots/${slotOf(it, 'v1')}`
    assert.deepEqual([upgrade(it, slot).outcome, JSON.stringify(it.record())], ['there', before])
    assert.match(it.agent('upgrade', slot).text, /v1 is what runs already: nothing to do/)
  })

  test('to what is armed is nothing to do but a restart', (context) => {
    const it = upgradeNode(context)
    const reference = it.payload('v2')
    upgrade(it, reference)
    const again = upgrade(it, reference)
    assert.deepEqual([again.outcome, again.rebootNeeded], ['armed', true])
    assert.deepEqual(states(it), ['1 good v1', '2 armed v2'])
  })

  test('to the same version with another digest is an upgrade', (context) => {
    const it = upgradeNode(context)
    assert.equal(upgrade(it, it.payload('other', withVersion('v1'))).outcome, 'done')
    assert.deepEqual(states(it), ['1 good v1', '2 armed v1'])
  })

  test('keeps a generation that is on trial and runs', (context) => {
    const it = upgradeNode(context)
    upgrade(it, it.payload('v2'))
    it.bootNewest()
    upgrade(it, it.payload('v3'))
    assert.deepEqual(states(it), ['1 good v1', '2 trial v2', '3 armed v3'])
  })

  test('back to an older version takes the slot that is there', (context) => {
    const it = upgradeNode(context)
    upgrade(it, it.payload('v2'))
    it.bootNewest()
    const before = it.calls.length
    assert.equal(upgrade(it, `dir:${state}/slots/${slotOf(it, 'v1')}`).generation, 3)
    const copies = it.calls.slice(before).filter((call) => /^cp .*root\.img/.test(call))
    assert.deepEqual([copies, states(it).at(-1)], [[], '3 armed v1'])
  })

  test('renews a boot loader that is older, and no other', (context) => {
    const it = upgradeNode(context)
    const loader = () => readFileSync(join(it.folder, esp, 'EFI/BOOT/BOOTX64.EFI'))
    const first = loader()
    upgrade(it, it.payload('v2'))
    assert.deepEqual([loader().equals(first), it.record().bootLoader], [true, undefined], 'the same version')
    upgrade(it, it.payload('v3', withLoader('258.1')))
    const second = loader()
    assert.deepEqual([second.equals(first), it.record().bootLoader?.version], [false, '258.1'])
    upgrade(it, it.payload('v4', withLoader('258~rc1')))
    assert.ok(loader().equals(second), 'an older one')
  })

  test('runs the hooks of cloud-configs around it', (context) => {
    const hooks = 'stages: {before-upgrade: [{commands: [one]}], after-upgrade: [{commands: [two]}]}\n'
    const it = upgradeNode(context, 'uefi', hooks)
    it.agent('upgrade', it.payload('v2'))
    const [one = -1, two = -1] = ['one', 'two'].map((word) =>
      it.calls.findIndex((call) => call.endsWith(word)),
    )
    const verified = it.calls.findIndex((call) => call.startsWith('veritysetup verify'))
    assert.ok(one >= 0 && one < verified && verified < two, `${one} ${verified} ${two}`)
  })

  for (const [firmware, expected] of [
    ['uefi', ['one', 'one of a UKI', 'two', 'two of a UKI']],
    ['bios', ['one', 'two']],
  ] as const) {
    test(`under ${firmware}, the hooks of the field's UKIs are ${firmware === 'uefi' ? 'run, too' : 'not meant'}`, (context) => {
      const names = ['before-upgrade', 'kairos-uki-upgrade.pre', 'after-upgrade', 'kairos-uki-upgrade.after']
      const says = ['one', 'one of a UKI', 'two', 'two of a UKI']
      const steps = names.map((name, at) => `${name}: [{commands: ["echo ${says[at]}"]}]`)
      const it = upgradeNode(context, firmware, `stages: {${steps.join(', ')}}\n`)
      it.agent('upgrade', it.payload('v2'))
      const said = it.calls.flatMap((call) => call.match(/ -c echo (.*)$/)?.[1] ?? [])
      assert.deepEqual(said, expected)
    })
  }

  test('lets an old good generation go where it would not fit otherwise', (context) => {
    const it = upgradeNode(context)
    for (const version of ['v2', 'v3']) {
      upgrade(it, it.payload(version))
      it.bootNewest()
      it.blessNewest()
    }
    assert.deepEqual(states(it), ['1 good v1', '2 good v2', '3 good v3'])
    it.leave('state', 1_050_000)
    upgrade(it, it.payload('v4'))
    assert.deepEqual(states(it), ['3 good v3', '4 armed v4'])
  })

  test('comes from the cloud-config where nobody names it, and restarts where it says so', (context) => {
    const it = upgradeNode(context, 'uefi', 'upgrade: {reboot: true, system: {uri: "dir:/srv/v2"}}\n')
    it.payload('v2')
    assert.equal(upgrade(it).outcome, 'done')
    assert.ok(it.calls.includes('systemctl --no-block reboot'))
  })

  test('says what of the cloud-config has no effect', (context) => {
    const it = upgradeNode(context, 'uefi', 'upgrade: {excluded-paths: [/opt]}\n')
    const { code, text } = it.agent('upgrade', it.payload('v2'))
    assert.deepEqual([code, text.includes('note: upgrade.excluded-paths has no effect')], [0, true])
  })

  test('tells its progress as JSON lines', (context) => {
    const it = upgradeNode(context)
    const { text } = it.agent('upgrade', it.payload('v2'), '--progress', 'json')
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual([lines[0]?.event, lines[0]?.to], ['start', 'v2'])
    assert.ok(lines.some(({ event, step }) => event === 'step' && step === 'verify'))
    assert.ok('result' in (lines.at(-1) ?? {}))
  })
})

describe('what was begun', () => {
  const brokenOff = (it: UpgradeNode, file = 'grub-core.img') => {
    const reference = it.payload('v2')
    const content = it.host.readBytes(`/srv/v2/${file}`, 0, 1 << 20)
    it.plant(`/srv/v2/${file}`, 'other')
    refused(it, new RegExp(file), reference)
    it.host.write(`/srv/v2/${file}`, content)
    return reference
  }

  test('goes on where it stopped', (context) => {
    const it = upgradeNode(context)
    const reference = brokenOff(it)
    const status = JSON.parse(it.agent('upgrade', 'status', '--json').text)
    assert.deepEqual([status.state, status.phase, status.failure.reason], ['failed', 'fetch', 'truncated'])
    assert.ok(status.bytes.done > 4096 && status.bytes.done < status.bytes.total)
    const before = it.calls.length
    assert.equal(upgrade(it, reference).outcome, 'done')
    const copies = it.calls.slice(before).filter((call) => /^cp \/srv\/v2\/root\.img/.test(call))
    assert.deepEqual(copies, [], 'the root image was there already')
    assert.match(it.agent('upgrade', 'status').text, /^armed as generation 2/)
  })

  test('goes on where it stopped, with the slot whole and a boot file missing', (context) => {
    const it = upgradeNode(context)
    const reference = brokenOff(it, 'boot.efi')
    const plan = JSON.parse(it.agent('upgrade', reference, '--dry-run', '--json').text)
    const { uki } = it.payloads.get('v2') ?? {}
    assert.equal(plan.download.bytes, Math.ceil((uki?.size ?? 0) / 4096) * 4096)
    const before = it.calls.length
    assert.equal(upgrade(it, reference).outcome, 'done')
    const copied = it.calls.slice(before).flatMap((call) => call.match(/^cp \/srv\/v2\/(\S+)/)?.[1] ?? [])
    assert.deepEqual(copied, ['payload.json', 'boot.efi'])
    assert.ok(!it.host.list('/run/kiln').includes('boot-files'))
  })

  test('says why it stopped, in the status and in the state', (context) => {
    const it = upgradeNode(context)
    brokenOff(it)
    const { text } = it.agent('upgrade', 'status')
    assert.match(
      text,
      /^broken off at 2026-.*: v2 from dir:\/srv\/v2, phase fetch, .* on the disk\nbecause: .*grub-core/,
    )
    assert.match(it.agent('state').text, /^Operation +upgrade, phase fetch, .*broken off at .*truncated/m)
  })

  test('stops at an EFI partition that can only be read, before anything is fetched', (context) => {
    const it = upgradeNode(context)
    const reference = it.payload('v2')
    const mount = it.host.mount
    it.host.mount = (request) => {
      if (request.type === 'vfat' && !request.flags?.includes('ro'))
        throw new HostError('EACCES', 'mount', request.target)
      mount(request)
    }
    refused(it, /EFI partition .* can only be read/, reference)
    assert.match(
      it.agent('upgrade', 'status').text,
      /^broken off .*\nbecause: the boot loader cannot be changed/,
    )
    assert.deepEqual(slots(it), [slotOf(it, 'v1')])
    it.host.mount = mount
    assert.equal(upgrade(it, reference).outcome, 'done')
  })

  test('makes way for another upgrade', (context) => {
    const it = upgradeNode(context)
    brokenOff(it)
    upgrade(it, it.payload('v3'))
    assert.deepEqual(slots(it), [slotOf(it, 'v1'), slotOf(it, 'v3')].sort())
  })

  test('can be taken back, with what was fetched', (context) => {
    const it = upgradeNode(context)
    brokenOff(it)
    assert.match(it.agent('upgrade', 'abort').text, /v2 is not fetched any further/)
    assert.deepEqual([slots(it), it.record().operation], [[slotOf(it, 'v1')], undefined])
    assert.match(it.agent('upgrade', 'abort').text, /no upgrade was begun/)
    assert.match(it.agent('upgrade', 'status').text, /no upgrade is going on/)
  })
})

describe('a dry run', () => {
  const pack = (name: string, version: string) => ({ name, version, architecture: 'amd64' })

  test('says what would change, and changes nothing', (context) => {
    const it = upgradeNode(context)
    const reference = it.payload('v2')
    const packages = [pack('libc6', '2.42'), pack('htop', '3')]
    it.replaceFile('v2', 'packages', JSON.stringify({ packages }))
    const before = JSON.stringify(it.record())
    const outline = JSON.parse(it.agent('upgrade', reference, '--dry-run', '--json').text)
    assert.deepEqual(outline.changes, {
      version: { from: 'v1', to: 'v2' },
      packages: {
        added: [{ name: 'htop', version: '3' }],
        removed: [],
        changed: [{ name: 'libc6', from: '2.41', to: '2.42' }],
      },
    })
    assert.deepEqual([outline.outcome, outline.next.generation, outline.rebootNeeded], ['upgrade', 2, true])
    assert.ok(outline.download.bytes > 4096 && outline.space.state.available > outline.space.state.needed)
    assert.deepEqual([JSON.stringify(it.record()), slots(it)], [before, [slotOf(it, 'v1')]])
  })

  test('for people', (context) => {
    const it = upgradeNode(context)
    upgrade(it, it.payload('v2'))
    const kubernetes = { distribution: 'k3s', version: 'v1.30.2+k3s1' }
    const change = (card: Payload) => ({ ...withLoader('258')(card), kubernetes })
    const { text } = it.agent('upgrade', it.payload('v3', change), '--dry-run')
    for (const line of [
      /^system +sample v1 → sample v3$/m,
      /^from +dir:\/srv\/v3$/m,
      /^becomes +generation 3$/m,
      /^let go +generation 2$/m,
      /^kernel +unchanged$/m,
      /^boot loader +257 → 258$/m,
      /^Kubernetes +none → k3s v1\.30\.2\+k3s1$/m,
      /^packages +unchanged$/m,
      /^restart +needed$/m,
    ]) {
      assert.match(text, line)
    }
  })
})

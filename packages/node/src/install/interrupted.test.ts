import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { newestRecord, vacantBootCode } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { verifySlot } from '../lifecycle/slots.ts'
import { main } from '../main.ts'
import { installMachine } from '../testkit/install-machine.ts'

/** The power fails: nothing that comes later happens, whoever catches what. */
class PowerCut extends Error {}

const effects = [
  'write',
  'writeAtomic',
  'overwrite',
  'rename',
  'remove',
  'mkdir',
  'run',
  'mount',
  'flush',
  'sync',
] as const

/** The host until its power fails before the effect with a number. */
function failing(host: Host, at: number): { readonly host: Host; readonly count: () => number } {
  let count = 0
  const cut = (name: keyof Host) => {
    const original = host[name] as (...args: unknown[]) => unknown
    return (...args: unknown[]) => {
      if (count >= at) throw new PowerCut()
      count++
      return original(...args)
    }
  }
  return {
    host: { ...host, ...Object.fromEntries(effects.map((name) => [name, cut(name)])) },
    count: () => count,
  }
}

function isStartable(host: Host): boolean {
  const code = host.readBytes('/dev/vda', 0, 440)
  let loader = 0
  try {
    loader = host.stat('/run/cos/efi/EFI/BOOT/BOOTX64.EFI').size
  } catch {}
  const hasCode = code.some((byte, index) => byte !== 0 && byte !== vacantBootCode[index])
  return loader > 0 || hasCode
}

function assertComplete(host: Host, slot: string, firmware: string): void {
  verifySlot(host, '/run/cos/state', slot)
  const record = newestRecord([host.readText('/run/cos/state/kiln/record.0.json')])
  assert.deepEqual([record?.generations.length, record?.recovery?.slot], [1, slot])
  assert.equal(host.stat('/run/cos/oem/90_custom.yaml').mode, 0o600)
  const entries = firmware === 'uefi' ? '/run/cos/efi/loader/entries' : '/run/cos/efi/kiln'
  assert.ok(host.list(entries).some((name) => /kiln-1|gen-1/.test(name)))
}

const args = ['install', '--yes-erase']

function effectsOf(context: TestContext, firmware: 'uefi' | 'bios'): number {
  const { host } = installMachine(context, { firmware })
  const whole = failing(host, Number.POSITIVE_INFINITY)
  assert.equal(main({ ...whole.host, args }), 0)
  return whole.count()
}

for (const firmware of ['uefi', 'bios'] as const) {
  test(`install: ${firmware}: wherever the power fails, the disk starts whole or not at all`, (context) => {
    const total = effectsOf(context, firmware)
    assert.ok(total > 60, `${total}`)
    let started = 0
    for (let at = 0; at < total; at++) {
      const { host, payload } = installMachine(context, { firmware })
      // Something that started from this disk before.
      host.overwrite('/dev/vda', 0, new Uint8Array(440).fill(0xeb))
      const before = failing(host, at)
      assert.throws(() => main({ ...before.host, args }), PowerCut)
      const erased = before.count() > 0 && host.readBytes('/dev/vda', 0, 1)[0] !== 0xeb
      if (erased && isStartable(host)) {
        started++
        assertComplete(host, payload.root.rootHash, firmware)
      }
      if (at % 8 !== 0) continue
      assert.equal(main({ ...restarted(host), args }), 0, `again after ${at}`)
      assertComplete(host, payload.root.rootHash, firmware)
    }
    assert.ok(started > 0)
  })
}

/** The machine starts from the medium again: what was in memory is gone, and nobody holds a lock. */
function restarted(host: Host): Host {
  host.remove('/run/kiln/install', { recursive: true })
  return { ...host, lock: () => ({ release: () => {} }) }
}

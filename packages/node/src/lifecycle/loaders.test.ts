import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { Payload } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { startOf } from '../testkit/firmware.ts'
import { diskDevice, esp, type InstalledNode, installedNode } from '../testkit/installed-node.ts'
import type { BootLoader } from './boot-loader.ts'
import { findNodeDisk } from './node-disk.ts'
import { makeLoader } from './open-loader.ts'

function loaderOf(node: InstalledNode): BootLoader {
  const { grub } = findNodeDisk(node.host)
  return makeLoader(node.host, node.firmware, { esp, arch: 'amd64', ...(grub ? { disk: grub } : {}) })
}

function put(node: InstalledNode, loader: BootLoader, generation: number, version: string): Payload {
  const payload = node.addSlot(version)
  loader.arm({ generation, slot: payload.root.rootHash, title: version, cmdline: 'quiet' }, 3)
  return payload
}

const ids = (loader: BootLoader) => loader.entries().map(({ id, triesLeft }) => `${id}${triesLeft ?? ''}`)
const refused = (error: unknown) => error instanceof AgentError && error.reason === 'boot-loader'

for (const firmware of ['uefi', 'bios'] as const) {
  describe(`boot loader, ${firmware}`, () => {
    test('a new generation is taken with its tries, and once blessed without', (context) => {
      const node = installedNode(context, firmware)
      const loader = loaderOf(node)
      const { root } = put(node, loader, 2, 'v2')
      const entry = loader.entries().find(({ generation }) => generation === 2)
      assert.deepEqual(entry, {
        id: 'kiln-2',
        generation: 2,
        triesLeft: 3,
        triesDone: 0,
        slot: root.rootHash,
      })
      assert.equal(startOf(node).entry, 'kiln-2')
      loader.bless(2)
      loader.bless(2)
      assert.deepEqual(ids(loader).toSorted(), ['kiln-1', 'kiln-2', 'kiln-recovery'])
      assert.equal(startOf(node).entry, 'kiln-2')
    })

    test('arming again does not give back tries that were used', (context) => {
      const node = installedNode(context, firmware)
      const loader = loaderOf(node)
      const { root } = put(node, loader, 2, 'v2')
      useTry(node)
      loader.arm({ generation: 2, slot: root.rootHash, title: 'v2', cmdline: 'quiet' }, 3)
      assert.ok(ids(loader).includes('kiln-22'), ids(loader).join(' '))
    })

    test('what was never staged cannot be armed, nor become recovery', (context) => {
      const loader = loaderOf(installedNode(context, firmware))
      const entry = { slot: 'ab'.repeat(32), title: 'x', cmdline: '' }
      assert.throws(() => loader.arm({ generation: 2, ...entry }, 3), refused)
      assert.throws(() => loader.setRecovery(entry), refused)
      assert.throws(() => loader.bless(2), refused)
      assert.throws(() => loader.once('kiln-2'), refused)
    })

    test('a copy that comes out different is refused and removed', (context) => {
      const node = installedNode(context, firmware)
      const loader = loaderOf(node)
      const payload = node.addPayload('v2')
      const slot = payload.root.rootHash
      for (const { file } of [payload.uki, payload.kernel])
        writeFileSync(`${node.folder}/srv/v2/${file}`, 'torn')
      assert.throws(() => loader.stage(slot, payload, '/srv/v2'), refused)
      assert.deepEqual(
        loader.lacks(slot, payload).map(({ file }) => file),
        firmware === 'uefi' ? [payload.uki.file] : [payload.kernel.file, payload.initramfs.file],
      )
      const folder = firmware === 'uefi' ? 'EFI/kiln' : `kiln/${payload.root.rootHash}`
      const left = readdirSync(`${node.folder}${esp}/${folder}`)
      assert.deepEqual(
        left.filter((name) => name === 'kernel' || name.startsWith(payload.root.rootHash)),
        [],
      )
    })

    test('pruning takes what no entry and nobody else needs', (context) => {
      const node = installedNode(context, firmware)
      const loader = loaderOf(node)
      const two = put(node, loader, 2, 'v2').root.rootHash
      const three = node.addSlot('v3').root.rootHash
      const four = node.addSlot('v4').root.rootHash
      const slots = () => JSON.stringify(readdirSync(`${node.folder}${esp}`, { recursive: true }))
      loader.prune([four])
      assert.ok(slots().includes(two) && slots().includes(four) && !slots().includes(three))
      loader.removeEntry(2)
      loader.prune([])
      assert.ok(!slots().includes(two) && !slots().includes(four))
      assert.equal(startOf(node).entry, 'kiln-1')
    })

    test('recovery changes its slot in one write, and the same loader is not written again', (context) => {
      const node = installedNode(context, firmware)
      const loader = loaderOf(node)
      const payload = node.addSlot('v2')
      const slot = payload.root.rootHash
      loader.setRecovery({ slot, title: 'recovery', cmdline: 'quiet' })
      assert.equal(loader.entries().find(({ id }) => id === 'kiln-recovery')?.slot, slot)
      const update = () => loader.update({ folder: '/srv/v2', card: payload.bootLoader })
      update()
      const before = snapshotOf(node)
      update()
      assert.deepEqual(snapshotOf(node), before)
    })

    test('a payload whose loader was changed is not put on the disk', (context) => {
      const node = installedNode(context, firmware)
      const payload = node.addPayload('v2')
      const folder = '/srv/v2'
      for (const { file } of payload.bootLoader.files) writeFileSync(`${node.folder}${folder}/${file}`, 'x')
      assert.throws(() => loaderOf(node).update({ folder, card: payload.bootLoader }), refused)
      assert.equal(startOf(node).entry, 'kiln-1')
    })
  })
}

/** As the loader counts. */
function useTry(node: InstalledNode): void {
  const { host } = node
  if (node.firmware === 'uefi') {
    const entries = `${esp}/loader/entries`
    host.rename(`${entries}/kiln-2+3.conf`, `${entries}/kiln-2+2-1.conf`)
  } else {
    const path = `${esp}/kiln/grub/grubenv`
    host.write(path, host.readText(path).replace('tries=3', 'tries=2'))
  }
}

function snapshotOf({ folder }: InstalledNode): string[] {
  const names = readdirSync(`${folder}${esp}`, { recursive: true, encoding: 'utf8' }).toSorted()
  return [...names, readFileSync(`${folder}${diskDevice}`).toString('base64')]
}

test('systemd-boot: the loader is replaced and the old one kept', (context) => {
  const node = installedNode(context, 'uefi')
  const at = (path: string) => `${node.folder}${esp}/${path}`
  const old = readFileSync(at('EFI/BOOT/BOOTX64.EFI'))
  const payload = node.addPayload('v2')
  const folder = '/srv/v2'
  loaderOf(node).update({ folder, card: payload.bootLoader })
  assert.notDeepEqual(readFileSync(at('EFI/BOOT/BOOTX64.EFI')), old)
  const kept = readdirSync(at('EFI/kiln')).filter((name) => name.startsWith('previous-'))
  assert.equal(kept.length, 1)
  assert.deepEqual(readFileSync(at(`EFI/kiln/${kept[0]}`)), old)
  // Its short name is what makes the swap safe: see efi-loader.ts.
  assert.ok(
    node.calls.some((call) =>
      /^sh -c .*mv -f.* \S+\/EFI\/BOOT\/KILNNEW\.EFI \S+\/EFI\/BOOT\/BOOTX64\.EFI$/.test(call),
    ),
  )
  assert.ok(!existsSync(at('EFI/BOOT/KILNNEW.EFI')))
})

test('systemd-boot: an entry that was being blessed counts once, and its counted name goes', (context) => {
  const node = installedNode(context, 'uefi')
  const loader = loaderOf(node)
  put(node, loader, 2, 'v2')
  const entries = `${node.folder}${esp}/loader/entries`
  writeFileSync(`${entries}/kiln-2.conf`, readFileSync(`${entries}/kiln-2+3.conf`))
  assert.deepEqual(ids(loader).toSorted(), ['kiln-1', 'kiln-2', 'kiln-recovery'])
  loader.bless(2)
  assert.deepEqual(readdirSync(entries).toSorted(), ['kiln-1.conf', 'kiln-2.conf', 'kiln-recovery.conf'])
})

test('systemd-boot: once names the file with its counter, and takes the protection from the variable', (context) => {
  const node = installedNode(context, 'uefi')
  const loader = loaderOf(node)
  put(node, loader, 2, 'v2')
  const path = '/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'
  loader.once('kiln-2')
  const text = () => Buffer.from(node.host.readBytes(path, 4, 100)).toString('utf16le')
  assert.equal(text(), 'kiln-2+3.conf\0')
  loader.once('kiln-recovery')
  assert.equal(text(), 'kiln-recovery.conf\0')
  assert.equal(node.calls.filter((call) => call.startsWith('ioctl')).join(), `ioctl ${path} 40086602 0`)
})

test('GRUB: the core goes where the old one is not, and the partition table stays', (context) => {
  const node = installedNode(context, 'bios')
  const start = () => Number(readFileSync(`${node.folder}${diskDevice}`).readBigUInt64LE(0x5c))
  const table = () => node.host.readBytes(diskDevice, 440, 72 + 33 * 512)
  const before = table()
  assert.equal(start(), 64)
  for (const [version, expected] of [
    ['v2', 96],
    ['v3', 64],
  ] as const) {
    const payload = node.addPayload(version)
    const folder = `/srv/${version}`
    loaderOf(node).update({ folder, card: payload.bootLoader })
    assert.equal(start(), expected)
    assert.deepEqual(table(), before)
    startOf(node)
  }
})

test('GRUB: once is one variable, and a damaged block is made anew from the files', (context) => {
  const node = installedNode(context, 'bios')
  const loader = loaderOf(node)
  loader.once('kiln-recovery')
  const path = `${esp}/kiln/grub/grubenv`
  assert.match(node.host.readText(path), /\nonce=kiln-recovery\n/)
  node.host.write(path, 'garbage')
  loader.bless(1)
  assert.equal(startOf(node).entry, 'kiln-1')
  assert.throws(() => loader.removeEntry(1), refused)
})

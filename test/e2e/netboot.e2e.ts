import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Payload } from '@kiln/contract'
import { startMachine } from '@kiln/factory/boot/machine'
import type { KilnEvent } from '@kiln/factory/events'
import { serve } from '@kiln/factory/serve/serve'
import { generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import { buildExample, freshFolder, kiln, repository, waitForLogin } from './harness.ts'

/** A machine without a disk: firmware, iPXE, `kiln serve`, and the checked root in memory with the cloud-config of that machine. */
test('a machine without a disk comes up over the network, as the inventory says', async (t) => {
  const folder = await freshFolder()
  const { publicKey, key } = await generateKey(folder)
  const definition = join(folder, 'definition')
  await layoutOnly(definition)
  const { payload } = await buildExample({ out: join(folder, 'iso') })
  await kiln(['build', definition, '--yes', '--out', join(folder, 'dist')])
  await writeFile(join(folder, 'machine.yaml'), cloudConfig(publicKey))
  await writeFile(
    join(folder, 'machines.yaml'),
    `machines:
  - name: rack1-a
    match: { mac: "52:54:00:12:34:56" }
    cloud-config: machine.yaml
    values: { place: row 7 }
`,
  )
  const events: KilnEvent[] = []
  const url = await serving(t, folder, events)
  const netboot = `http://10.0.2.2:${new URL(url).port}/netboot/boot.ipxe`
  await using machine = await startMachine({ firmware: 'bios', netboot, sshPort: 'auto' })
  const guest = await waitForLogin(machine, { user: 'tester', key })
  const outputOf = async (command: string) => (await runInGuest(guest, command)).stdout.trim()

  assert.equal(await outputOf('cat /etc/place'), 'row 7 rack1-a')
  assert.match(await outputOf('ls /run/cos'), /live_mode/)
  assert.match(await outputOf('findmnt --noheadings --output SOURCE,FSTYPE /'), /kiln-root\s+squashfs/)
  const card = JSON.parse(await readFile(join(payload.folder, 'payload.json'), 'utf8'))
  const { root } = Payload.parse(card)
  assert.match(
    await outputOf('sudo veritysetup status kiln-root || cat /proc/cmdline'),
    new RegExp(root.rootHash),
  )
  assert.match(await outputOf('lsblk --noheadings --output NAME,TYPE'), /^(?!.*disk)/s)
  const phases = events.flatMap((event) => (event.event === 'machine' ? [event.phase] : []))
  assert.deepEqual([...new Set(phases)], ['script', 'kernel', 'initramfs', 'root', 'config'])
})

async function layoutOnly(folder: string): Promise<void> {
  await cp(join(repository, 'examples/debian'), folder, { recursive: true })
  const file = join(folder, 'kiln.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^ {2}- iso$/m, '  - oci'))
}

function cloudConfig(publicKey: string): string {
  return `#cloud-config
users:
  - name: tester
    groups: [sudo]
    ssh_authorized_keys: ["${publicKey}"]
write_files:
  - path: /etc/place
    content: "[[[ place ]]] [[[ name ]]]"
`
}

async function serving(t: { after(action: () => Promise<void>): void }, folder: string, events: KilnEvent[]) {
  const ended = new AbortController()
  const listening = Promise.withResolvers<string>()
  const running = serve(
    {
      ...{ paths: [join(folder, 'dist')], host: '127.0.0.1', port: 0, isPublic: false },
      netboot: { inventory: join(folder, 'machines.yaml') },
      ...{ emit: (event) => void events.push(event), signal: ended.signal },
    },
    ({ url }) => listening.resolve(url),
  )
  running.catch(listening.reject)
  t.after(async () => {
    ended.abort()
    await running
  })
  return listening.promise
}

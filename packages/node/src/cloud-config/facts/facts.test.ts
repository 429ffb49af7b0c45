import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { factsOf, parseFacts } from '@kiln/contract/cloud-config/facts'
import { nodeHost } from '../../host/node.ts'
import { type Program, rootedHost } from '../../testkit/rooted-host.ts'
import { parseCpuInfo } from './cpu.ts'
import { randomText } from './identity.ts'
import { readFacts } from './read-facts.ts'
import { parseSmbios } from './smbios.ts'

const machineId = '0123456789abcdef0123456789abcdef'

const machine: Readonly<Record<string, string | Uint8Array>> = {
  '/dev/urandom': Uint8Array.from({ length: 256 }, (_, at) => at),
  '/proc/sys/kernel/hostname': 'node-7\n',
  '/proc/sys/kernel/osrelease': '6.12.1-amd64\n',
  '/proc/sys/kernel/version': '#1 SMP\n',
  '/proc/sys/kernel/arch': 'x86_64\n',
  '/proc/cpuinfo':
    'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R)  Xeon(R) CPU\ncache size\t: 512 KB\nphysical id\t: 0\ncore id\t: 0\n\nprocessor\t: 1\nphysical id\t: 0\ncore id\t: 0\n',
  '/proc/meminfo': 'MemTotal:        2097152 kB\nMemFree: 1 kB\n',
  '/etc/machine-id': `${machineId}\n`,
  '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
  '/etc/debian_version': '13.2\n',
  '/etc/localtime': '-> ../usr/share/zoneinfo/Europe/Berlin',
  '/sys/class/dmi/id/product_uuid': 'ABC-123\n',
  '/sys/class/dmi/id/product_name': 'Standard PC (Q35 + ICH9, 2009)\n',
  '/sys/class/dmi/id/sys_vendor': 'QEMU\n',
  '/sys/class/dmi/id/chassis_type': '1\n',
  '/sys/class/dmi/id/board_serial': 'B-1\n',
  '/sys/devices/pci/net/eth0/address': '52:54:00:12:34:56\n',
  '/sys/devices/pci/net/eth0/speed': '1000\n',
  '/sys/devices/pci/net/eth0/device/driver': '-> ../../drivers/virtio_net',
  '/sys/class/net/eth0': '-> ../../devices/pci/net/eth0',
  '/sys/class/net/lo': '-> ../../devices/virtual/net/lo',
  '/sys/devices/pci/block/sda/size': '62914560\n',
  '/sys/devices/pci/block/sda/device/model': 'QEMU HARDDISK\n',
  '/sys/devices/pci/block/sda/device/vendor': 'ATA\n',
  '/sys/block/sda': '-> ../devices/pci/block/sda',
  '/sys/block/loop0': '-> ../devices/virtual/block/loop0',
}

const realSums: Program = (argv, folder) => {
  if (argv[0] !== 'sha256sum') return undefined
  const { status, stdout } = spawnSync('sha256sum', [`${folder}${argv[1]}`], { encoding: 'utf8' })
  return { code: status ?? 1, stdout }
}

test('facts have the keys of the field', (context) => {
  const facts = readFacts(rootedHost(context, machine, realSums).host)
  assert.deepEqual(facts.node, {
    hostname: 'node-7',
    machineid: machineId,
    hypervisor: 'kvm',
    timezone: 'Europe/Berlin',
  })
  assert.deepEqual(facts.os, {
    name: 'Debian GNU/Linux 13 (trixie)',
    vendor: 'debian',
    version: '13',
    release: '13.2',
    architecture: 'amd64',
  })
  assert.equal(facts.product.uuid, 'abc-123')
  assert.equal(facts.product.serial, '')
  assert.equal(facts.board.serial, 'B-1')
  assert.equal(facts.chassis.type, 1)
  assert.deepEqual([facts.cpu.cpus, facts.cpu.cores, facts.cpu.threads, facts.cpu.cache], [1, 1, 2, 512])
  assert.equal(facts.cpu.model, 'Intel(R) Xeon(R) CPU')
  assert.equal(facts.memory.size, 2048)
  assert.deepEqual(facts.network, [
    { name: 'eth0', driver: 'virtio_net', macaddress: '52:54:00:12:34:56', port: '', speed: 1000 },
  ])
  assert.deepEqual(facts.storage, [
    { name: 'sda', driver: '', vendor: 'ATA', model: 'QEMU HARDDISK', serial: '', size: 32 },
  ])
  assert.match(facts.Random, /^[A-Za-z0-9]{32}$/)
})

test('the protected id is what the field computes', (context) => {
  const facts = readFacts(rootedHost(context, machine, realSums).host)
  assert.equal(facts.ProtectedID, createHmac('sha256', machineId).update('yip').digest('hex'))
})

test('a machine that says nothing has all keys, empty', (context) => {
  const { host } = rootedHost(context, { '/dev/urandom': Uint8Array.from({ length: 256 }, () => 7) })
  assert.deepEqual({ ...readFacts(host), Random: '' }, factsOf({}))
})

test('a board without DMI is known by its device tree', (context) => {
  const { host } = rootedHost(context, {
    ...{ '/dev/urandom': Uint8Array.from({ length: 256 }, () => 7), '/proc/sys/kernel/arch': 'aarch64\n' },
    '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    '/proc/device-tree/serial-number': '10000000abcdef01\0',
  })
  const { product, os } = readFacts(host)
  assert.equal(product.name, 'Raspberry Pi 4 Model B Rev 1.4')
  assert.equal(product.serial, '10000000abcdef01')
  assert.equal(os.architecture, 'arm64')
})

test('the machine that runs this has facts, too', () => {
  const facts = readFacts(nodeHost())
  assert.ok(facts.cpu.threads >= 1 && facts.memory.size > 0 && facts.kernel.release !== '')
})

test('random texts differ', () => {
  assert.notEqual(randomText(nodeHost()), randomText(nodeHost()))
})

test('processors without topology are cores of one socket', () => {
  const { cpus, cores, threads } = parseCpuInfo('processor\t: 0\nBogoMIPS\t: 108\n\nprocessor\t: 1\n')
  assert.deepEqual([cpus, cores, threads], [1, 2, 2])
})

const memory = (size: number, more: readonly number[] = []) => {
  const bytes = new Uint8Array(0x22)
  bytes.set([17, 0x22], 0)
  bytes.set([size & 0xff, size >> 8], 0x0c)
  bytes[0x12] = 26
  bytes.set([0x80, 0x0c], 0x15)
  bytes.set(more, 0x1c)
  return [...bytes, 0x41, 0, 0]
}
const processor = () => {
  const bytes = new Uint8Array(0x1a)
  bytes.set([4, 0x1a], 0)
  bytes.set([0xd0, 0x07], 0x16)
  return [...bytes, 0, 0]
}

const tables = [
  { name: 'nothing', table: [], size: 0 },
  { name: 'two devices', table: [...memory(2048), ...memory(1024), 127, 4, 0, 0, 0, 0], size: 3072 },
  { name: 'an empty socket', table: [...memory(0), ...memory(512)], size: 512 },
  { name: 'an unknown size', table: memory(0xffff), size: 0 },
  { name: 'a size beyond 32 GiB', table: memory(0x7fff, [0, 0, 1, 0]), size: 65536 },
  { name: 'KiB', table: memory(0x8000 | 2048), size: 2 },
  { name: 'a table that breaks off', table: [...memory(512), 17, 0x22, 1], size: 512 },
  { name: 'a length that is none', table: [...memory(512), 17, 0, 0, 0, 0], size: 512 },
] as const

for (const { name, table, size } of tables) {
  test(`SMBIOS: ${name}`, () => assert.equal(parseSmbios(Uint8Array.from(table)).memorySize, size))
}

test('SMBIOS: kind and speed', () => {
  assert.deepEqual(parseSmbios(Uint8Array.from([...processor(), ...memory(512)])), {
    cpuSpeed: 2000,
    memorySize: 512,
    memorySpeed: 3200,
    memoryType: 'DDR4',
  })
})

test('the sample file of facts is one', () => {
  const file = new URL('../../../../../examples/facts/node.yaml', import.meta.url)
  const result = parseFacts(readFileSync(file, 'utf8'), 'node.yaml')
  assert.ok('document' in result)
  assert.equal(result.document.value.node.hostname, 'edge-07')
  assert.equal(result.document.value.chassis.serial, '')
})

test('a fact that nobody knows is an error with its place', () => {
  const result = parseFacts('product:\n  seriell: x\n', 'node.yaml')
  assert.ok('findings' in result)
  const { place } = result.findings[0]
  assert.deepEqual([place?.line, place?.column], [2, 3])
})

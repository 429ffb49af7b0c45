import { architectureBy } from '@kiln/contract'
import { factsOf, type MachineFacts } from '@kiln/contract/cloud-config/facts'
import { type Host, HostError } from '../../host/host.ts'
import { listIfThere, statIfThere } from '../../host/tree.ts'
import { readOsRelease } from '../../release-file.ts'
import { parseCpuInfo } from './cpu.ts'
import { dmiKeys, readDmi } from './dmi.ts'
import { hypervisorOf } from './hypervisor.ts'
import { protectedId, randomText } from './identity.ts'
import { slurp } from './slurp.ts'
import { parseSmbios } from './smbios.ts'

/** What /proc and /sys know of this machine. Nothing that is missing is an error. */
export function readFacts(host: Host): MachineFacts {
  const dmi = readDmi(host)
  const smbios = parseSmbios(readTable(host))
  const cpu = parseCpuInfo(slurp(host, '/proc/cpuinfo'))
  const memory = Number(slurp(host, '/proc/meminfo').match(/^MemTotal:\s+(\d+) kB/m)?.[1] ?? 0)
  const machineid = slurp(host, '/etc/machine-id').replace('uninitialized', '')
  const machine = slurp(host, '/proc/sys/kernel/arch') || machineName(host)
  const facts = factsOf({
    node: {
      hostname: slurp(host, '/proc/sys/kernel/hostname'),
      machineid,
      hypervisor: hypervisorOf(dmi, slurp(host, '/sys/hypervisor/type')),
      timezone: timezone(host),
    },
    os: {
      ...osRelease(host),
      architecture: architectureBy('uname', machine) ?? otherArchitectures[machine] ?? machine,
    },
    kernel: {
      release: slurp(host, '/proc/sys/kernel/osrelease'),
      version: slurp(host, '/proc/sys/kernel/version'),
      architecture: machine,
    },
    product: {
      name: dmi.product_name || slurp(host, '/proc/device-tree/model'),
      vendor: dmi.sys_vendor,
      version: dmi.product_version,
      serial: dmi.product_serial || slurp(host, '/proc/device-tree/serial-number'),
      uuid: dmi.product_uuid.toLowerCase(),
      sku: dmi.product_sku,
    },
    ...dmiKeys(dmi),
    cpu: { ...cpu, speed: smbios.cpuSpeed || cpu.speed },
    memory: {
      type: smbios.memoryType,
      speed: smbios.memorySpeed,
      size: Math.floor(smbios.memorySize || memory / 1024),
    },
    network: networkDevices(host),
    storage: storageDevices(host),
    Random: randomText(host),
  })
  // Takes two programs to compute, and hardly anybody asks for it.
  let computed: string | undefined
  const get = () => {
    computed ??= protectedId(host, machineid)
    return computed
  }
  return Object.defineProperty(facts, 'ProtectedID', { get, enumerable: true })
}

/** Names of the kernel → Go's, where Kiln makes no images. */
const otherArchitectures: Readonly<Record<string, string>> = {
  i686: 'i386',
  armv7l: 'arm',
  armv6l: 'arm',
}

function machineName(host: Host): string {
  try {
    return host.run(['uname', '-m']).stdout.trim()
  } catch (error) {
    if (error instanceof HostError) return ''
    throw error
  }
}

function readTable(host: Host): Uint8Array {
  const path = '/sys/firmware/dmi/tables/DMI'
  const size = statIfThere(host, path)?.size ?? 0
  try {
    return size > 0 ? host.readBytes(path, 0, size) : new Uint8Array()
  } catch (error) {
    // Only root may read it.
    if (error instanceof HostError) return new Uint8Array()
    throw error
  }
}

function osRelease(host: Host) {
  const { PRETTY_NAME: name = '', ID: vendor = '', VERSION_ID: version = '' } = readOsRelease(host)
  return { name, vendor, version, release: slurp(host, '/etc/debian_version') || version }
}

function timezone(host: Host): string {
  return linkTarget(host, '/etc/localtime').match(/\/zoneinfo\/(.+)$/)?.[1] ?? slurp(host, '/etc/timezone')
}

function networkDevices(host: Host) {
  return listIfThere(host, '/sys/class/net')
    .map((name) => ({ name, path: `/sys/class/net/${name}` }))
    .filter(({ path }) => isHardware(host, path))
    .map(({ name, path }) => ({
      name,
      driver: driverOf(host, path),
      macaddress: slurp(host, `${path}/address`),
      // -1 where nothing is plugged in.
      speed: Math.max(0, Number(slurp(host, `${path}/speed`)) || 0),
    }))
}

const sectorsInGigabyte = 1_953_125
const opticalDrive = '5'

function storageDevices(host: Host) {
  return listIfThere(host, '/sys/block')
    .map((name) => ({ name, path: `/sys/block/${name}` }))
    .filter(({ path }) => isHardware(host, path) && slurp(host, `${path}/device/type`) !== opticalDrive)
    .map(({ name, path }) => ({
      name,
      driver: driverOf(host, path),
      // The maker of a virtual disk is a number.
      vendor: slurp(host, `${path}/device/vendor`).replace(/^0x.*/, ''),
      model: slurp(host, `${path}/device/model`),
      serial: slurp(host, `${path}/device/serial`) || slurp(host, `${path}/serial`),
      size: Math.floor((Number(slurp(host, `${path}/size`)) || 0) / sectorsInGigabyte),
    }))
}

function isHardware(host: Host, path: string): boolean {
  const target = linkTarget(host, path)
  return target !== '' && !/\/devices\/(virtual|platform\/floppy)/.test(target)
}

function driverOf(host: Host, path: string): string {
  return linkTarget(host, `${path}/device/driver`).split('/').at(-1) ?? ''
}

function linkTarget(host: Host, path: string): string {
  try {
    return host.readlink(path)
  } catch (error) {
    if (error instanceof HostError) return ''
    throw error
  }
}

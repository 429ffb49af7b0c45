import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  arm,
  bless,
  emptyRecord,
  type NodeRecord,
  type Payload,
  partitionNames,
  partitionTypes,
  setRecovery,
} from '@kiln/contract'
import { grubImages } from '@kiln/contract/testkit/grub-images'
import { replaceFile } from '../host/durable.ts'
import type { Argv, Host, RunResult } from '../host/host.ts'
import { entryOf, imageOf } from '../lifecycle/arm.ts'
import { triesOfNew } from '../lifecycle/boot-loader.ts'
import { readGrubOptions } from '../lifecycle/command-line.ts'
import { openNode } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { writeRecord } from '../lifecycle/record-file.ts'
import { slotFolder } from '../lifecycle/slots.ts'
import { gptDisk } from './gpt-disk.ts'
import { makePayload, sha256 } from './payload-files.ts'
import { type Program, type RootedHost, rootedHost } from './rooted-host.ts'

export const state = '/run/initramfs/cos-state'
/** Mounts are only recorded, so what is on the EFI partition lies where it is mounted. */
export const esp = '/run/kiln/esp'
export const diskDevice = '/dev/sda'

export type Firmware = 'uefi' | 'bios'

/** A node as an installation left it: generation 1 is good and runs, recovery is the same. */
export interface InstalledNode extends RootedHost {
  readonly firmware: Firmware
  /** Payloads that were made, by their versions. */
  readonly payloads: ReadonlyMap<string, Payload>
  /** Makes a payload in `/srv/<version>`. */
  addPayload(version: string): Payload
  /** The same, and brings it to the disk: slot and boot files. */
  addSlot(version: string): Payload
  /** Another generation or recovery was started. */
  boot(facts: { readonly mode: string; readonly generation?: number; readonly slot?: string }): void
}

const partitions = [
  { name: partitionNames.bios, type: partitionTypes.bios, first: 64, last: 127 },
  { name: partitionNames.efi, type: partitionTypes.efi, first: 4096, last: 270_335 },
  { name: partitionNames.oem, type: partitionTypes.linux, first: 270_336, last: 401_407 },
  { name: partitionNames.state, type: partitionTypes.linux, first: 401_408, last: 3_000_319 },
  { name: partitionNames.persistent, type: partitionTypes.linux, first: 3_000_320, last: 4_000_000 },
]

export const made = '2026-01-02T03:04:05Z'

export function installedNode(
  context: TestContext,
  firmware: Firmware,
  program: Program = () => undefined,
): InstalledNode {
  const rooted = rootedHost(context, machineFiles(firmware), (argv, folder) => {
    return program(argv, folder) ?? tools(argv, folder)
  })
  const { folder } = rooted
  const host: Host = { ...rooted.host, ...withoutFlushing(rooted), now: () => Date.parse(made) }
  const payloads = new Map<string, Payload>()
  const addPayload = (version: string): Payload => {
    const payload = writePayload(join(folder, 'srv', version), version)
    payloads.set(version, payload)
    return payload
  }
  const addSlot = (version: string): Payload => {
    const payload = addPayload(version)
    const { root, packages, bootLoader } = payload
    const slot = join(folder, slotFolder(state, root.rootHash))
    mkdirSync(slot, { recursive: true })
    for (const { file } of [root, packages, ...bootLoader.files, { file: 'payload.json' }]) {
      copyFileSync(join(folder, 'srv', version, file), join(slot, file))
    }
    withLoader(host, openNode(host).disk, 'write', (loader) =>
      loader.stage(root.rootHash, payload, `/srv/${version}`),
    )
    return payload
  }
  const boot: InstalledNode['boot'] = (facts) => {
    const text = JSON.stringify({ schema: 'kiln.boot/v1', medium: '/dev/sda4', ...facts })
    host.mkdir('/run/kiln', { recursive: true })
    host.write('/run/kiln/boot.json', text)
  }
  markLoader(folder, firmware)
  boot({ mode: 'active', generation: 1 })
  const first = addSlot('v1')
  boot({ mode: 'active', generation: 1, slot: first.root.rootHash })
  writeRecord(host, state, firstRecord(first))
  installLoader(host, first)
  rooted.calls.length = 0
  return { ...rooted, host, firmware, payloads, addPayload, addSlot, boot }
}

/** Tests begin thousands of times; what would be lost with the power is played by who cuts it. */
function withoutFlushing({ host, folder }: RootedHost): Pick<Host, 'flush' | 'overwrite' | 'writeAtomic'> {
  return {
    flush: (path) => void host.stat(path),
    overwrite: (path, offset, bytes) => {
      host.stat(path)
      const descriptor = openSync(folder + path, 'r+')
      writeSync(descriptor, bytes, 0, bytes.length, offset)
      closeSync(descriptor)
    },
    writeAtomic: (path, content, options = {}) => replaceFile(host, () => {}, path, content, options.mode),
  }
}

function machineFiles(firmware: Firmware): Record<string, string | Uint8Array> {
  const folders = Object.fromEntries(
    partitions.flatMap(({ first, last }, index) => {
      const number = index + 1
      return [
        [`/sys/devices/block/sda/sda${number}/partition`, `${number}\n`],
        [`/sys/devices/block/sda/sda${number}/size`, `${last - first + 1}\n`],
        [`/sys/class/block/sda${number}`, `-> ../../devices/block/sda/sda${number}`],
        [`/dev/sda${number}`, new Uint8Array(512)],
      ] as const
    }),
  )
  return {
    ...folders,
    '/sys/class/block/sda': '-> ../../devices/block/sda',
    '/sys/devices/block/sda/queue/logical_block_size': '512\n',
    [diskDevice]: gptDisk(partitions),
    '/oem/90_custom.yaml': '#cloud-config\nhostname: box\n',
    ...(firmware === 'uefi' ? { '/sys/firmware/efi/efivars/x': '' } : {}),
  }
}

function writePayload(target: string, version: string): Payload {
  const { payload } = makePayload(target, { version, rootBytes: 4096 })
  const { boot, core } = grubImages()
  const file = (name: string, content: Uint8Array) => {
    writeFileSync(join(target, name), content)
    return { file: name, digest: sha256(content), size: content.length }
  }
  // A core of its own for each version, as long as a real one's first sector stays what it is.
  const ownCore = Uint8Array.from(core)
  ownCore.set(createHash('sha256').update(version).digest(), 1024)
  const files = [...payload.bootLoader.files, file('grub-boot.img', boot), file('grub-core.img', ownCore)]
  const whole = { ...payload, bootLoader: { ...payload.bootLoader, files } }
  writeFileSync(join(target, 'payload.json'), `${JSON.stringify(whole, undefined, 2)}\n`)
  return whole
}

function firstRecord(payload: Payload): NodeRecord {
  const system = { slot: payload.root.rootHash, image: imageOf(payload), source: 'oci:r/box:v1', made }
  return setRecovery(bless(arm(emptyRecord(), system), 1), system)
}

/** What is there tells which loader a disk has. */
function markLoader(folder: string, firmware: Firmware): void {
  const mark = firmware === 'uefi' ? 'loader/loader.conf' : 'kiln/grub/grub.cfg'
  mkdirSync(dirname(`${folder}${esp}/${mark}`), { recursive: true })
  writeFileSync(`${folder}${esp}/${mark}`, '')
}

function installLoader(host: Host, payload: Payload): void {
  const slot = payload.root.rootHash
  const node = openNode(host)
  const [generation] = firstRecord(payload).generations
  if (!generation) throw new Error('the first record has no generation')
  withLoader(host, node.disk, 'write', (loader) => {
    loader.update({ folder: slotFolder(state, slot), card: payload.bootLoader })
    loader.arm(entryOf(generation, payload, readGrubOptions(host)), triesOfNew)
    loader.bless(1)
    loader.setRecovery({ slot, title: 'recovery', cmdline: payload.cmdline })
  })
}

/** Plays what the lifecycle runs, on the folder. */
export function tools(argv: Argv, folder: string): Partial<RunResult> | undefined {
  const [program, ...args] = argv
  const at = (path = '') => folder + path
  switch (program) {
    case 'sha256sum': {
      const [path] = args
      const digest = createHash('sha256')
        .update(readFileSync(at(path)))
        .digest('hex')
      return { stdout: `${digest}  ${path}\n` }
    }
    case 'cp':
      copyFileSync(at(args[0]), at(args[1]))
      return undefined
    case 'sh': {
      const [fresh, target] = args.slice(-2)
      renameSync(at(fresh), at(target))
      return undefined
    }
    case 'uname':
      return { stdout: 'x86_64\n' }
    default:
      return undefined
  }
}

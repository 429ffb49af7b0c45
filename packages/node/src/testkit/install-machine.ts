import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { GiB, type Payload } from '@kiln/contract'
import { grubImages } from '@kiln/contract/testkit/grub-images'
import type { Argv, RunOptions, RunResult } from '../host/host.ts'
import { makePayload, sha256 } from './payload-files.ts'
import { type RootedHost, rootedHost } from './rooted-host.ts'

/** A live system on a machine with disks, where programs are played as far as an installation needs them. */
export interface InstallMachine extends RootedHost {
  readonly payload: Payload
  /** What was given to programs on their standard input, by their names. */
  readonly inputs: ReadonlyMap<string, string>
  read(path: string): string
  has(path: string): boolean
}

export interface MachineOptions {
  /** As lsblk lists them; one empty disk of 4 GiB where nothing is said. */
  readonly disks?: readonly object[]
  readonly firmware?: 'uefi' | 'bios'
  readonly config?: string
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** What wipefs finds on each disk, by path. */
  readonly signatures?: Readonly<Record<string, readonly string[]>>
  /** Looks at each program first; what it returns is the result. */
  readonly program?: (argv: Argv, machine: { readonly folder: string }) => Partial<RunResult> | undefined
}

export const diskBytes = 4 * GiB

export function listedDisk(name: string, changes: object = {}): object {
  return {
    name,
    path: `/dev/${name}`,
    type: 'disk',
    size: diskBytes,
    'log-sec': 512,
    ro: false,
    rm: false,
    ...changes,
  }
}

export const adminConfig = `#cloud-config
users:
  - name: ann
    groups: [admin]
    ssh_authorized_keys: [ssh-ed25519 AAAA ann]
`

export function installMachine(context: TestContext, options: MachineOptions = {}): InstallMachine {
  const { disks = [listedDisk('vda')], firmware = 'uefi', config = adminConfig } = options
  const inputs = new Map<string, string>()
  const play = (argv: Argv, folder: string, input: string): Partial<RunResult> | undefined => {
    inputs.set(argv[0], input)
    return options.program?.(argv, { folder }) ?? programs(argv, { folder, input, disks, options })
  }
  let current: RunOptions | undefined
  const rooted = rootedHost(
    context,
    {
      '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE\n',
      '/proc/self/mounts': 'proc /proc proc rw 0 0\n',
      '/run/cos/live_mode': '',
      '/run/kiln/boot.json': '{"mode":"live","medium":"/dev/sr0"}',
      '/etc/group': 'root:x:0:\nsudo:x:27:\n',
      '/run/initramfs/live/config.yaml': config,
      ...(firmware === 'uefi' ? { '/sys/firmware/efi/x': '' } : {}),
      ...options.files,
    },
    (argv, folder) => play(argv, folder, current?.input ?? ''),
  )
  const { folder } = rooted
  const random = join(folder, 'proc/sys/kernel/random/uuid')
  mkdirSync(dirname(random), { recursive: true })
  let guids = 0
  const host: typeof rooted.host = {
    ...rooted.host,
    readText: (path) => {
      if (path !== '/proc/sys/kernel/random/uuid') return rooted.host.readText(path)
      guids++
      return `00000000-0000-4000-8000-${String(guids).padStart(12, '0')}\n`
    },
    run: (argv, more) => {
      current = more
      return rooted.host.run(argv, more)
    },
  }
  for (const disk of disks as { readonly path: string; readonly size: number }[]) {
    mkdirSync(join(folder, 'dev'), { recursive: true })
    closeSync(openSync(join(folder, disk.path), 'w'))
    truncateSync(join(folder, disk.path), disk.size)
  }
  return {
    ...rooted,
    host,
    inputs,
    payload: mediumPayload(folder),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    has: (path) => existsSync(join(folder, path)),
  }
}

/** The payload as a medium has it: its UKI is in the EFI image, under another name. */
function mediumPayload(folder: string): Payload {
  const target = join(folder, 'run/initramfs/live/payload')
  const { payload } = makePayload(target)
  const { boot, core } = grubImages()
  const files = Object.entries({ 'grub-boot.img': boot, 'grub-core.img': core }).map(([file, bytes]) => {
    writeFileSync(join(target, file), bytes)
    return { file, digest: sha256(bytes), size: bytes.length }
  })
  const whole = {
    ...payload,
    bootLoader: { ...payload.bootLoader, files: [...payload.bootLoader.files, ...files] },
  }
  writeFileSync(join(target, 'payload.json'), `${JSON.stringify(whole)}\n`)
  const uki = join(folder, 'run/kiln/medium-efi/EFI/Linux/sample.efi')
  mkdirSync(dirname(uki), { recursive: true })
  copyFileSync(join(target, 'boot.efi'), uki)
  rmSync(join(target, 'boot.efi'))
  return whole
}

interface Scene {
  readonly folder: string
  readonly input: string
  readonly disks: readonly object[]
  readonly options: MachineOptions
}

/** What is on the partitions lies in the folders where they would be mounted. */
const mounted = ['efi', 'oem', 'state', 'persistent']

function programs(argv: Argv, scene: Scene): Partial<RunResult> | undefined {
  const [program, ...rest] = argv
  const at = (path: string) => join(scene.folder, path)
  switch (program) {
    case 'lsblk':
      return { stdout: JSON.stringify({ blockdevices: scene.disks }) }
    case 'uname':
      return { stdout: 'x86_64\n' }
    case 'wipefs': {
      const types = scene.options.signatures?.[rest.at(-1) ?? ''] ?? []
      return { stdout: JSON.stringify({ signatures: types.map((type) => ({ type, label: null })) }) }
    }
    case 'sfdisk':
      for (const name of mounted) rmSync(at(`run/cos/${name}`), { recursive: true, force: true })
      showPartitions(scene.folder, rest.at(-1) ?? '', scene.input)
      return {}
    case 'sha256sum':
      return digest(at(rest[0] ?? ''), rest[0] ?? '')
    case 'cp':
      copyFileSync(at(rest[0] ?? ''), at(rest[1] ?? ''))
      return {}
    case 'openssl':
      return { stdout: `$6$salt$${createHash('sha256').update(scene.input).digest('hex')}\n` }
    default:
      return undefined
  }
}

function digest(file: string, name: string): Partial<RunResult> {
  return { stdout: `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${name}\n` }
}

/** What the kernel does when it is told of a new table: folders in sysfs, devices in /dev. */
function showPartitions(folder: string, device: string, script: string): void {
  const disk = device.replace('/dev/', '')
  for (const [, number, start, size] of script.matchAll(/^(\d+) : start=(\d+), size=(\d+)/gm)) {
    const name = /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`
    const sysfs = join(folder, 'sys/class/block', disk, name)
    mkdirSync(sysfs, { recursive: true })
    for (const [file, value] of Object.entries({ partition: number, start, size })) {
      writeFileSync(join(sysfs, file), `${value}\n`)
    }
    writeFileSync(join(folder, 'dev', name), '')
  }
}

import { join } from 'node:path'
import type { Firmware } from '@kiln/factory/boot/firmware'
import type { Machine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import type { Drive } from '@kiln/factory/tools/qemu'
import { createDisk } from '@kiln/factory/tools/qemu-img'
import { type Guest, runInGuest } from '@kiln/factory/tools/ssh'
import { waitForLogin } from '../harness.ts'
import { makeLoaderNewer } from '../newer-loader.ts'
import {
  buildNode,
  cloudConfigText,
  inGuest,
  loginConfig,
  type NodeFacts,
  type NodeLogin,
  waitForState,
  writeNodeDefinition,
} from '../node-harness.ts'
import { buildPayload, makePayloadDisk, mountPayloads, payloadSource } from '../payload-disk.ts'
import { type Recording, recordWrites } from './record.ts'

/** What all lives are made of. */
export interface Supplies {
  readonly login: NodeLogin
  readonly iso: Drive
  readonly payloads: Drive
}

const versions = { installed: 'v1.0.0', upgrade: 'v1.1.0', recovery: 'v1.2.0' } as const
const diskBytes = 3 * 2 ** 30
/** The first virtio disk, whatever comes after it. */
const device = '/dev/vda'

/** An image that installs itself, an upgrade with a newer boot loader, and one for recovery. */
export async function makeSupplies(folder: string, login: NodeLogin): Promise<Supplies> {
  const config = { install: { auto: true, device, reboot: true } }
  // In the image, too: a reset erases what the installation takes along from the medium.
  const files = { '/system/oem/50_tester.yaml': cloudConfigText(loginConfig(login)) }
  const write = (version: string) =>
    writeNodeDefinition(folder, { version, artifacts: ['iso'], config, files }, login)
  const { iso = '' } = await buildNode(await write(versions.installed))
  const upgrade = await buildPayload(await write(versions.upgrade))
  await makeLoaderNewer(upgrade)
  const recovery = await buildPayload(await write(versions.recovery))
  const payloads = { [versions.upgrade]: upgrade, [versions.recovery]: recovery }
  return { login, iso: artifactDrive(iso), payloads: await makePayloadDisk(folder, payloads) }
}

/** What a node does in its life, in this order; marks of the recording. */
export type Phase =
  | 'install'
  | 'first start'
  | 'recovery upgrade'
  | 'upgrade'
  | 'newer boot loader'
  | 'new generation'
  | 'restart'
  | 'reset'
  | 'boot loader by hand'

/** Lines of the console with which something begins, or had just ended. */
const spoken: readonly (readonly [line: RegExp, phase: Phase])[] = [
  [/kiln: installed in /, 'first start'],
  [/kiln: \[\d+\/\d+\] renew the boot loader/, 'newer boot loader'],
  [/kiln: \[\d+\/\d+\] arm the new generation/, 'new generation'],
]

/** What was seen on the running node. */
export interface Sights {
  /** The boot loader of the disk and the one that is kept, after the upgrade: digests by file name. */
  loaders: string
  /** What systemd-boot said of itself in each of these starts; empty under BIOS. */
  readonly loaderInfo: { installed: string; upgraded: string }
  /** The version that the node has in its record, after the upgrade and at the end. */
  readonly loaderVersion: { upgraded: string; end: string }
}

export interface Life {
  readonly recording: Recording
  readonly sights: Sights
}

/** Records a whole life on one disk that is empty at first, from the medium to what comes after a reset. */
export async function recordLife(firmware: Firmware, supplies: Supplies, folder: string): Promise<Life> {
  const empty = join(folder, 'empty.qcow2')
  await createDisk(empty, diskBytes)
  const sights: Sights = {
    loaders: '',
    loaderInfo: { installed: '', upgraded: '' },
    loaderVersion: { upgraded: '', end: '' },
  }
  const options = {
    machine: { firmware, sshPort: 'auto' },
    disk: { file: empty, format: 'qcow2' },
    later: [supplies.iso, supplies.payloads],
    folder,
    phaseOf: (line: string) => spoken.find(([pattern]) => pattern.test(line))?.[1],
  } as const
  const recording = await recordWrites(options, (machine, mark) =>
    live(machine, mark, supplies.login, sights),
  )
  return { recording, sights }
}

async function live(
  machine: Machine,
  mark: (phase: Phase) => void,
  login: NodeLogin,
  sights: Sights,
): Promise<void> {
  mark('install')
  await machine.waitFor(spoken[0]?.[0] ?? /$/, { timeoutMs: lifeTimeoutMs })
  const guest = await waitForLogin(machine, login, machine.position)
  await waitForState(guest, isGood(1))
  sights.loaderInfo.installed = await loaderInfo(guest)
  await inGuest(guest, mountPayloads)
  mark('recovery upgrade')
  await upgrade(guest, `--recovery ${payloadSource(versions.recovery)}`)
  mark('upgrade')
  await upgrade(guest, payloadSource(versions.upgrade))
  mark('restart')
  await gone(guest, 'sudo systemctl reboot')
  await waitForState(guest, isGood(2))
  sights.loaderInfo.upgraded = await loaderInfo(guest)
  sights.loaderVersion.upgraded = await inGuest(guest, 'sudo kiln-agent boot-loader')
  sights.loaders = await inGuest(guest, loadersOnDisk)
  mark('reset')
  await gone(guest, 'sudo kiln-agent reset --yes --reset-oem --reboot')
  await waitForState(guest, isGood(3))
  mark('boot loader by hand')
  sights.loaderVersion.end = await inGuest(guest, 'sudo kiln-agent boot-loader update')
}

const lifeTimeoutMs = 900_000

/** Its steps show on the console, so that the recording knows when each began. */
async function upgrade(guest: Guest, words: string): Promise<void> {
  await inGuest(guest, `sudo sh -c 'kiln-agent upgrade ${words} > /dev/ttyS0'`)
}

async function gone(guest: Guest, command: string): Promise<void> {
  await runInGuest(guest, command, { okCodes: [0, 255] })
}

/** A generation runs, and its health was found good. */
export function isGood(wanted: number): (state: NodeFacts) => boolean {
  return ({ mode, generations = [] }) =>
    mode === 'active' &&
    generations.some(({ number, status, running }) => number === wanted && status === 'good' && running)
}

/** systemd's Boot Loader Interface, in UTF-16; the first four bytes are attributes. The variables are mounted by nobody else. */
async function loaderInfo(guest: Guest): Promise<string> {
  const commands = [
    'mkdir -p /run/variables',
    'mountpoint -q /run/variables || mount -t efivarfs efivarfs /run/variables',
    // By cat: tail skips by a seek, after which efivarfs gives nothing.
    'cat /run/variables/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f | tail -c +5 | tr -d "\\\\0"',
  ]
  return inGuest(guest, `if [ -e /sys/firmware/efi ]; then sudo sh -c '${commands.join('; ')}'; fi`)
}

/** Under BIOS there are none. */
const loadersOnDisk = `sudo sh -c '${[
  'mkdir -p /run/looked-at',
  'mount -o ro /dev/disk/by-label/COS_GRUB /run/looked-at',
  'cd /run/looked-at',
  'sha256sum EFI/BOOT/BOOTX64.EFI EFI/kiln/previous-*.efi 2>/dev/null || true',
  'cd /',
  'umount /run/looked-at',
].join('; ')}'`

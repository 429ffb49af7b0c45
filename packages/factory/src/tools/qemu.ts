import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Duplex, Readable, Writable } from 'node:stream'
import { KilnError } from '@kiln/contract'
import { debugExitPort } from '../boot/boot-sector.ts'
import { type GuestArchitecture, type MachineKind, machineKinds } from './qemu-machines.ts'

export type Accelerator = 'kvm' | 'tcg'

/** How a drive is plugged in: `cd` is a CD-ROM, `usb` a USB stick, `disk` a virtio disk. */
export type Attachment = 'cd' | 'usb' | 'disk'

export interface Drive {
  readonly attach: Attachment
  readonly file: string
  /** By QEMU's names: `vpc` is VHD. */
  readonly format: 'raw' | 'qcow2' | 'vpc' | 'vmdk'
  /** Whether what the guest writes reaches the file. A CD is never written. */
  readonly writes: 'kept' | 'discarded'
  /** Existing file that gets a record of every write and flush, as dm-log-writes has it. Only where writes are kept. */
  readonly log?: string
}

export type FirmwareFiles =
  | { readonly kind: 'bios' }
  /** `variables` is written to, so it must be a private copy. */
  | {
      readonly kind: 'uefi'
      readonly code: string
      readonly variables: string
      /** Only the firmware, in system management mode, can write to the variables: its code has to be made for that. */
      readonly guarded?: boolean
    }

/** A virtual machine, ready to be started: everything is decided and every file is there. */
export interface MachinePlan {
  /** Default: amd64. */
  readonly arch?: GuestArchitecture
  readonly accel: Accelerator
  readonly firmware: FirmwareFiles
  readonly memoryMiB: number
  readonly cpus: number
  /** In the order in which the firmware tries them. */
  readonly drives: readonly Drive[]
  /** Leads from this port of 127.0.0.1 to ssh in the guest; port 0 lets the system choose a free one. */
  readonly ssh?: { readonly hostPort: number }
  /** Starts over the network before all drives; the network of QEMU names this address to whoever asks. */
  readonly netboot?: { readonly url: string }
  readonly gui: boolean
  /** End instead of rebooting. */
  readonly noReboot: boolean
  /** Otherwise the one of the chipset. */
  readonly watchdog?: WatchdogDevice
  /** Files that the guest finds in its firmware: name → file. */
  readonly fwCfg?: Readonly<Record<string, string>>
  /** A device with which a test program in the guest ends the machine, see boot-sector.ts. */
  readonly debugExit?: boolean
}

/** The monitor is file descriptor 3 of QEMU: no socket file to name, to guard, or to forget. */
const monitorDescriptor = 3

/** Command line of QEMU: nothing but what is asked for, serial console on its standard input and output. */
export function qemuArguments(plan: MachinePlan): string[] {
  const kind = machineKinds[plan.arch ?? 'amd64']
  return [
    ...['-name', 'kiln', '-nodefaults', '-no-user-config'],
    ...[
      '-machine',
      plan.watchdog === 'none' ? kind.withoutWatchdog : kind.machine,
      ...processor(plan.accel, kind),
      '-smp',
      String(plan.cpus),
      '-m',
      String(plan.memoryMiB),
    ],
    ...firmware(plan.firmware),
    ...['-boot', 'strict=on'],
    ...plan.drives.flatMap((each, index) =>
      drive(each, {
        kind,
        index,
        cds: cdsBefore(plan.drives, index),
        bootIndex: index + (plan.netboot ? 1 : 0),
      }),
    ),
    ...Object.entries(plan.fwCfg ?? {}).flatMap(([name, file]) => [
      '-fw_cfg',
      `name=${name},file=${escapeCommas(file)}`,
    ]),
    ...['-object', 'rng-builtin,id=random', '-device', 'virtio-rng-pci,rng=random'],
    ...network(plan),
    ...(plan.gui ? ['-device', kind.screen, '-display', 'gtk'] : ['-display', 'none']),
    ...['-chardev', 'stdio,id=console,signal=off', ...kind.serial],
    ...['-chardev', `socket,id=monitor,fd=${monitorDescriptor}`, '-mon', 'chardev=monitor,mode=control'],
    ...(plan.watchdog === 'i6300esb' ? ['-device', 'i6300esb'] : []),
    ...(plan.debugExit ? ['-device', `isa-debug-exit,iobase=${debugExitPort},iosize=4`] : []),
    ...(plan.noReboot ? ['-no-reboot'] : []),
  ]
}

/** `none`: a machine with an older chipset, which has none. That of q35 cannot be taken out. */
export type WatchdogDevice = 'none' | 'i6300esb'

function processor(accel: Accelerator, { emulatedProcessor }: MachineKind): string[] {
  return accel === 'kvm'
    ? ['-accel', 'kvm', '-cpu', 'host']
    : ['-accel', 'tcg,thread=multi', '-cpu', emulatedProcessor]
}

/** OVMF with a guard does not start where the machine offers to sleep: its guard would not wake up with it. */
const guard = [
  ...['-global', 'driver=cfi.pflash01,property=secure,value=on'],
  ...['-global', 'ICH9-LPC.disable_s3=1'],
]

/** SeaBIOS is what QEMU runs unless told otherwise. */
function firmware(files: FirmwareFiles): string[] {
  if (files.kind === 'bios') return []
  return [
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${escapeCommas(files.code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${escapeCommas(files.variables)}`],
    ...(files.guarded ? guard : []),
  ]
}

/** Each CD takes a bus of its own. */
function cdsBefore(drives: readonly Drive[], index: number): number {
  return drives.slice(0, index).filter(({ attach }) => attach === 'cd').length
}

interface Plug {
  readonly kind: MachineKind
  readonly index: number
  /** CDs that come before it. */
  readonly cds: number
  /** Order in which firmware tries. */
  readonly bootIndex: number
}

function drive(drive: Drive, { kind, index, cds, bootIndex }: Plug): string[] {
  const id = `drive${index}`
  const { attach, log } = drive
  const file = log === undefined ? plainFile(drive, id) : loggedFile({ ...drive, log }, id)
  // Merged requests are of up to 1024 parts, and the log adds two to each: more than the system takes.
  const requests = log === undefined ? '' : ',request-merging=off'
  const device = `drive=${id},bootindex=${bootIndex}${requests}`
  return [...file, ...(attach === 'cd' ? kind.cd(device, cds) : plug(attach, device, index))]
}

function plainFile({ attach, file, format, writes }: Drive, id: string): string[] {
  const access =
    attach === 'cd'
      ? ',media=cdrom,readonly=on'
      : `${writes === 'discarded' ? ',snapshot=on' : ''},discard=unmap`
  return ['-drive', `if=none,id=${id},format=${format}${access},file=${escapeCommas(file)}`]
}

/**
 * The count of entries at the start of the log is renewed with each of them, so it is right when QEMU is killed. Flushes are
 * recorded, but not passed on to this machine's disk.
 */
function loggedFile({ file, format, log }: Drive & { readonly log: string }, id: string): string[] {
  const open = (filename: string) => ({ driver: 'file', filename, discard: 'unmap' })
  const node = {
    driver: 'blklogwrites',
    'node-name': id,
    discard: 'unmap',
    file: { driver: format, discard: 'unmap', cache: { 'no-flush': true }, file: open(file) },
    log: { ...open(log), cache: { 'no-flush': true } },
    'log-super-update-interval': 1,
  }
  return ['-blockdev', JSON.stringify(node)]
}

function plug(attach: Exclude<Attachment, 'cd'>, device: string, index: number): string[] {
  switch (attach) {
    case 'usb':
      return [
        ...['-device', `qemu-xhci,id=usb${index}`],
        ...['-device', `usb-storage,bus=usb${index}.0,removable=on,${device}`],
      ]
    case 'disk':
      return ['-device', `virtio-blk-pci,${device}`]
  }
}

/** Without an option ROM where nothing boots from the network: looking for it costs seconds. That of QEMU is iPXE. */
function network({ ssh, netboot }: Pick<MachinePlan, 'ssh' | 'netboot'>): string[] {
  const forward = ssh ? `,hostfwd=tcp:127.0.0.1:${ssh.hostPort}-:22` : ''
  const offer = netboot ? `,bootfile=${escapeCommas(netboot.url)}` : ''
  const device = netboot
    ? 'virtio-net-pci,netdev=network,bootindex=0'
    : 'virtio-net-pci,netdev=network,romfile='
  return ['-netdev', `user,id=network${forward}${offer}`, '-device', device]
}

/** QEMU's options end at a comma; two of them stand for one. */
function escapeCommas(text: string): string {
  return text.replaceAll(',', ',,')
}

export interface QemuProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly monitor: Duplex
  /** What QEMU itself complained about so far. */
  complaints(): string
}

/** A window needs to know where to open; nothing else of the user's environment reaches QEMU. */
const passedThrough = ['HOME', 'TMPDIR', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'XDG_RUNTIME_DIR']

/** Starts QEMU. The kernel kills it when this process ends in whatever way; Ctrl-C reaches only this process. */
export function startQemu(plan: MachinePlan): QemuProcess {
  const environment = passedThrough.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', machineKinds[plan.arch ?? 'amd64'].program, ...qemuArguments(plan)],
    {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...Object.fromEntries(environment), LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    },
  )
  const complaints: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text))
  // What is typed at a machine that has ended is lost.
  child.stdin.on('error', () => {})
  return {
    child: child as QemuProcess['child'],
    monitor: child.stdio[monitorDescriptor] as Duplex,
    complaints: () => complaints.join(''),
  }
}

/** What a QEMU that ended by itself with an error meant. */
export function explainQemu(complaints: string): KilnError {
  const output = complaints.trim()
  const port = complaints.match(/host forwarding rule 'tcp:127\.0\.0\.1:(\d+)/)?.[1]
  if (port) {
    return new KilnError('E-USAGE', `port ${port} of this machine is not free`, {
      hint: 'choose another port, or "auto"',
      output,
    })
  }
  if (/Failed to get .*lock/.test(complaints)) {
    const file = complaints.match(/using the image \[(.+)\]/)?.[1] ?? 'a disk of the machine'
    return new KilnError('E-USAGE', `another program has ${file} open`, { output })
  }
  if (/annot (set up guest|allocate) memory/.test(complaints)) {
    return new KilnError('E-TOOL-FAILED', 'there is not enough memory for the virtual machine', {
      hint: 'give it less with --memory MIB',
      output,
    })
  }
  if (/gtk/i.test(complaints)) {
    return new KilnError('E-TOOL-FAILED', 'the virtual machine cannot open a window', {
      hint: 'leave out --gui, or run it on a desktop with the package qemu-system-gui',
      output,
    })
  }
  return new KilnError('E-TOOL-FAILED', 'QEMU failed', { output })
}

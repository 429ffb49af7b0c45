/** Architectures of virtual machines that Kiln starts. */
export const guestArchitectures = ['amd64', 'arm64'] as const
export type GuestArchitecture = (typeof guestArchitectures)[number]

/** What QEMU wants to be told of a machine by its architecture. */
export interface MachineKind {
  readonly program: 'qemu-system-x86_64' | 'qemu-system-aarch64'
  readonly machine: string
  /** Under emulation, richer processor models make a Debian boot slower, not faster: measured. */
  readonly emulatedProcessor: string
  /** Plugs the serial console into the chardev `console`. */
  readonly serial: readonly string[]
  readonly screen: string
  /** A machine with an older chipset, which has no watchdog. */
  readonly withoutWatchdog: string
  /** Devices for the CD-ROM drive `device`, the n-th of the machine, beginning with 0. */
  readonly cd: (device: string, nth: number) => readonly string[]
}

export const machineKinds: Readonly<Record<GuestArchitecture, MachineKind>> = {
  amd64: {
    program: 'qemu-system-x86_64',
    machine: 'q35',
    emulatedProcessor: 'qemu64',
    serial: ['-device', 'isa-serial,chardev=console'],
    screen: 'VGA',
    withoutWatchdog: 'pc',
    // QEMU chooses the first bus by itself, and no further one.
    cd: (device, nth) => ['-device', `ide-cd,${nth === 0 ? '' : `bus=ide.${nth},`}${device}`],
  },
  arm64: {
    program: 'qemu-system-aarch64',
    machine: 'virt',
    emulatedProcessor: 'cortex-a72',
    // Its serial port is part of the machine.
    serial: ['-serial', 'chardev:console'],
    screen: 'virtio-gpu-pci',
    withoutWatchdog: 'virt',
    cd: (device, nth) => [
      ...['-device', `virtio-scsi-pci,id=scsi${nth}`],
      ...['-device', `scsi-cd,bus=scsi${nth}.0,${device}`],
    ],
  },
}

import { type Architecture, architectures } from './names.ts'

/** What an architecture is called elsewhere, and what its machines have. One table: everything that differs by architecture asks it. */
export interface ArchitectureFacts {
  /** What `uname -m` says. */
  readonly uname: string
  /** Name of the compiler's target, and of the folder in which Debian keeps its libraries. */
  readonly multiarch: string
  /** In names of files that UEFI starts: UEFI 2.10, 3.5.1.1, without `BOOT` and in small letters. */
  readonly efi: string
  /** Field Machine of a PE header. Source: Microsoft, PE Format. */
  readonly peMachine: number
  /** Field e_machine of an ELF header. Source: the registry of the generic ABI. */
  readonly elfMachine: number
  /** Its machines may start by BIOS. */
  readonly bios: boolean
  /** Serial consoles of its usual machines; the kernel passes over one that is not there. */
  readonly serial: readonly string[]
  /** Variant of the architecture that all of its processors run, by the names of container images. */
  readonly variant?: string
}

export const architectureFacts: Readonly<Record<Architecture, ArchitectureFacts>> = {
  amd64: {
    uname: 'x86_64',
    multiarch: 'x86_64-linux-gnu',
    efi: 'x64',
    peMachine: 0x8664,
    elfMachine: 62,
    bios: true,
    serial: ['ttyS0'],
  },
  arm64: {
    uname: 'aarch64',
    multiarch: 'aarch64-linux-gnu',
    efi: 'aa64',
    peMachine: 0xaa64,
    elfMachine: 183,
    bios: false,
    serial: ['ttyS0', 'ttyAMA0'],
    variant: 'v8',
  },
  riscv64: {
    uname: 'riscv64',
    multiarch: 'riscv64-linux-gnu',
    efi: 'riscv64',
    peMachine: 0x5064,
    elfMachine: 243,
    bios: false,
    serial: ['ttyS0'],
  },
}

/** The architecture that has a value of the table. */
export function architectureBy<K extends 'uname' | 'peMachine' | 'elfMachine'>(
  key: K,
  value: ArchitectureFacts[K],
): Architecture | undefined {
  return architectures.find((arch) => architectureFacts[arch][key] === value)
}

/** `BOOTX64.EFI`: what firmware starts from a disk that it does not know. */
export function efiFallbackFile(arch: Architecture): string {
  return `BOOT${architectureFacts[arch].efi.toUpperCase()}.EFI`
}

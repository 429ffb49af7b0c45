/** Arguments for ukify, which joins stub, kernel, initramfs and command line into one EFI program. Runs in the toolchain. */
const stubs = '/usr/lib/systemd/boot/efi'

const efiArchitectures = { amd64: 'x64', arm64: 'aa64', riscv64: 'riscv64' } as const
export type EfiArchitecture = (typeof efiArchitectures)[keyof typeof efiArchitectures]

export function efiArchitecture(arch: keyof typeof efiArchitectures): EfiArchitecture {
  return efiArchitectures[arch]
}

export interface UkiOptions {
  readonly arch: EfiArchitecture
  readonly kernel: string
  readonly kernelVersion: string
  readonly initramfs: string
  readonly cmdline: string
  readonly osRelease: string
  readonly target: string
}

export function ukiArguments(options: UkiOptions): [string, ...string[]] {
  return [
    'ukify',
    'build',
    `--efi-arch=${options.arch}`,
    `--stub=${stubs}/linux${options.arch}.efi.stub`,
    `--linux=${options.kernel}`,
    `--uname=${options.kernelVersion}`,
    `--initrd=${options.initramfs}`,
    `--cmdline=${options.cmdline}`,
    `--os-release=@${options.osRelease}`,
    `--output=${options.target}`,
  ]
}

/** An addon appends words to the command line of the UKI beside it, without touching its bytes. */
export function addonArguments(
  arch: EfiArchitecture,
  cmdline: string,
  target: string,
): [string, ...string[]] {
  return [
    'ukify',
    'build',
    `--efi-arch=${arch}`,
    `--stub=${stubs}/addon${arch}.efi.stub`,
    `--cmdline=${cmdline}`,
    `--output=${target}`,
  ]
}

/** systemd-boot, the boot loader on UEFI. */
export function bootLoaderPath(arch: EfiArchitecture): string {
  return `${stubs}/systemd-boot${arch}.efi`
}

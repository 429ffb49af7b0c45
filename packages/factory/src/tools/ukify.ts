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
    `--stub=${stubPath(options.arch)}`,
    `--linux=${options.kernel}`,
    `--uname=${options.kernelVersion}`,
    `--initrd=${options.initramfs}`,
    `--cmdline=${options.cmdline}`,
    `--os-release=@${options.osRelease}`,
    `--output=${options.target}`,
  ]
}

/** Phases of the start whose states of PCR 11 are signed, as systemd-pcrphase measures them. */
const phases = [
  'enter-initrd',
  'enter-initrd:leave-initrd',
  'enter-initrd:leave-initrd:sysinit',
  'enter-initrd:leave-initrd:sysinit:ready',
]

export interface MeasuredUkiOptions extends UkiOptions {
  readonly stub: string
  readonly pcr: { readonly privateKey: string; readonly publicKey: string }
}

/** The same UKI with a signed policy for what its parts make of PCR 11: sections .pcrpkey and .pcrsig. */
export function measuredUkiArguments({ stub, pcr, ...options }: MeasuredUkiOptions): string[] {
  const usual = ukiArguments(options).filter((argument) => !argument.startsWith('--stub='))
  return [
    ...usual,
    `--stub=${stub}`,
    `--pcr-private-key=${pcr.privateKey}`,
    `--pcr-public-key=${pcr.publicKey}`,
    `--phases=${phases.join(' ')}`,
    '--pcr-banks=sha1,sha256,sha384,sha512',
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

/** What a UKI begins with. */
export function stubPath(arch: EfiArchitecture): string {
  return `${stubs}/linux${arch}.efi.stub`
}

/** systemd-boot, the boot loader on UEFI. */
export function bootLoaderPath(arch: EfiArchitecture): string {
  return `${stubs}/systemd-boot${arch}.efi`
}

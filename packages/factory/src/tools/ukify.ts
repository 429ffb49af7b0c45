import { type Architecture, architectureFacts } from '@kiln/contract'

/**
 * Arguments for ukify, which joins stub, kernel, initramfs and command line into one EFI program. Runs in the toolchain, for
 * any architecture: it executes nothing of what it joins.
 */
const stubs = '/usr/lib/systemd/boot/efi'

export interface UkiOptions {
  readonly arch: Architecture
  /** What the UKI begins with, see {@link stubPath}. */
  readonly stub: string
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
    `--efi-arch=${architectureFacts[options.arch].efi}`,
    `--stub=${options.stub}`,
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
  readonly pcr: { readonly privateKey: string; readonly publicKey: string }
}

/** The same UKI with a signed policy for what its parts make of PCR 11: sections .pcrpkey and .pcrsig. */
export function measuredUkiArguments({ pcr, ...options }: MeasuredUkiOptions): string[] {
  return [
    ...ukiArguments(options),
    `--pcr-private-key=${pcr.privateKey}`,
    `--pcr-public-key=${pcr.publicKey}`,
    `--phases=${phases.join(' ')}`,
    '--pcr-banks=sha1,sha256,sha384,sha512',
  ]
}

/** An addon appends words to the command line of the UKI beside it, without touching its bytes. */
export function addonArguments(
  options: Pick<UkiOptions, 'arch' | 'stub' | 'cmdline' | 'target'>,
): [string, ...string[]] {
  return [
    'ukify',
    'build',
    `--efi-arch=${architectureFacts[options.arch].efi}`,
    `--stub=${options.stub}`,
    `--cmdline=${options.cmdline}`,
    `--output=${options.target}`,
  ]
}

/** What a UKI begins with: a path in a root that has the package systemd-boot-efi, as those below. */
export function stubPath(arch: Architecture): string {
  return `${stubs}/linux${architectureFacts[arch].efi}.efi.stub`
}

/** What an addon begins with. */
export function addonStubPath(arch: Architecture): string {
  return `${stubs}/addon${architectureFacts[arch].efi}.efi.stub`
}

/** systemd-boot, the boot loader on UEFI. */
export function bootLoaderPath(arch: Architecture): string {
  return `${stubs}/systemd-boot${architectureFacts[arch].efi}.efi`
}

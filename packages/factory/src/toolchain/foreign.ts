import { type Architecture, architectureFacts } from '@kiln/contract'

/**
 * What an image of another architecture than this machine's takes beside the toolchain, as Debian packages of the toolchain's
 * suite: two roots, of which one runs here and one has the files of that architecture.
 */

/** Runs here: compiles for the architecture, and runs its programs. */
export function crossPackages(arch: Architecture): string[] {
  return [
    `gcc-${architectureFacts[arch].multiarch}`.replaceAll('_', '-'),
    `libc6-dev-${arch}-cross`,
    'libquickjs', // headers
    'qemu-user',
    'quickjs', // qjsc
  ]
}

/** Of the architecture: see packages.ts for why each. Nobody but its own maintainer scripts runs anything of it. */
export const targetPackages = ['busybox-static', 'cryptsetup-bin', 'libquickjs', 'systemd-boot-efi'] as const

/** Step whose result is the first root. */
export function crossStep(arch: Architecture): `cross-${Architecture}` {
  return `cross-${arch}`
}

/** Step whose result is the second. */
export function targetStep(arch: Architecture): `target-${Architecture}` {
  return `target-${arch}`
}

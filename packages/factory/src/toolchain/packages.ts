/**
 * What the toolchain is made of, by Debian's names in the suite below. It is the same for every distribution that is
 * built, so that a boot loader or a packer does not depend on where Kiln runs.
 */
export const toolchainSuite = 'trixie'

export const toolchainPackages = [
  'busybox-static', // in the initramfs
  'cryptsetup-bin', // veritysetup: makes hash trees, and goes into the initramfs
  'dosfstools',
  'e2fsprogs',
  'fdisk', // sfdisk
  'gcc',
  'grub-common',
  'grub-pc-bin', // BIOS boot loader
  'libc6-dev',
  'libquickjs',
  'mtools',
  'quickjs', // qjsc
  'squashfs-tools',
  'systemd-boot-efi', // UEFI boot loader and the stub of UKIs
  'systemd-ukify',
  'xorriso',
  'xz-utils', // kernel modules come packed
  'zstd',
] as const

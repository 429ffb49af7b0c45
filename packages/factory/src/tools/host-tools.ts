import { accessSync, constants } from 'node:fs'
import { KilnError } from '@kiln/contract'

/**
 * The programs that Kiln runs on the build machine itself, each with the Debian package that brings it and what for.
 * Everything else runs inside the toolchain, a root file system of Kiln's own, so that its version is known.
 */
export const hostTools = {
  mmdebstrap: { package: 'mmdebstrap', why: 'makes Debian root file systems from the archive', for: 'build' },
  'apt-get': { package: 'apt', why: "tells the machine's own mirror", for: 'build' },
  'apt-cache': { package: 'apt', why: 'tells what the archive knows of a package', for: 'build' },
  'apt-config': { package: 'apt', why: 'tells over which proxy apt loads', for: 'build' },
  'dpkg-deb': { package: 'dpkg', why: 'reads package files', for: 'build' },
  unshare: { package: 'util-linux', why: 'gives each build step a sandbox', for: 'build' },
  flock: { package: 'util-linux', why: 'lets two builds share one cache', for: 'build' },
  cp: { package: 'coreutils', why: 'copies artifacts without what is empty in them', for: 'build' },
  sync: { package: 'coreutils', why: 'puts results on the disk before they count', for: 'build' },
  'qemu-system-x86_64': { package: 'qemu-system-x86', why: 'boots images in a virtual machine', for: 'boot' },
  setpriv: { package: 'util-linux', why: 'ends programs when Kiln is ended', for: 'build' },
  'qemu-system-aarch64': {
    package: 'qemu-system-arm',
    why: 'boots images for arm64 in a virtual machine',
    for: 'boot-arm64',
  },
  'qemu-img': { package: 'qemu-utils', why: 'makes disks for virtual machines', for: 'boot' },
  podman: { package: 'podman', why: 'builds a base from a Containerfile', for: 'containerfile' },
  docker: { package: 'docker.io', why: 'builds a base from a Containerfile', for: 'containerfile' },
  // Any one of the three will do; the tests take this.
  buildah: { package: 'buildah', why: 'builds a base from a Containerfile', for: 'test' },
  curl: { package: 'curl', why: 'fetches as a node does, in tests', for: 'test' },
  openssl: { package: 'openssl', why: 'makes certificates for tests', for: 'test' },
  ssh: { package: 'openssh-client', why: 'looks into booted images', for: 'test' },
  'ssh-keygen': { package: 'openssh-client', why: 'makes keys for tests', for: 'test' },
  sfdisk: { package: 'fdisk', why: 'reads partition tables', for: 'test' },
  e2fsck: { package: 'e2fsprogs', why: 'checks file systems after power cuts', for: 'test' },
  mke2fs: { package: 'e2fsprogs', why: 'makes disks for tests', for: 'test' },
  debugfs: { package: 'e2fsprogs', why: 'reads file systems without mounting them', for: 'test' },
  'mkfs.vfat': { package: 'dosfstools', why: 'makes EFI partitions for tests', for: 'test' },
  mcopy: { package: 'mtools', why: 'fills EFI partitions for tests', for: 'test' },
  git: { package: 'git', why: 'makes a repository for tests', for: 'test' },
  xorriso: { package: 'xorriso', why: 'makes CDs with user data for tests', for: 'test' },
  'grub-editenv': {
    package: 'grub-common',
    why: "reads and checks GRUB's files as GRUB does, in tests",
    for: 'test',
  },
  'grub-script-check': {
    package: 'grub-common',
    why: "reads and checks GRUB's files as GRUB does, in tests",
    for: 'test',
  },
  python3: { package: 'python3-yaml', why: 'runs what MAAS runs on its images, in tests', for: 'test' },
  'qemu-io': { package: 'qemu-utils', why: 'writes to disks as a virtual machine does', for: 'test' },
} as const satisfies Record<string, { package: string; why: string; for: Purpose }>

/** `boot-arm64`: beside `boot`, for images of that architecture. */
export type Purpose = 'build' | 'boot' | 'boot-arm64' | 'test' | 'containerfile'
export type HostTool = keyof typeof hostTools

/** Files, not programs, that booting needs. */
export const hostFiles = {
  '/usr/share/OVMF/OVMF_CODE_4M.fd': {
    package: 'ovmf',
    why: 'UEFI firmware for virtual machines',
    for: 'boot',
  },
  '/usr/share/AAVMF/AAVMF_CODE.fd': {
    package: 'qemu-efi-aarch64',
    why: 'UEFI firmware for virtual machines of arm64',
    for: 'boot-arm64',
  },
  '/usr/share/seabios/bios-256k.bin': { package: 'seabios', why: 'BIOS for virtual machines', for: 'boot' },
} as const satisfies Record<string, { package: string; why: string; for: Purpose }>

export interface Requirement {
  /** Program name or file path. */
  readonly name: string
  readonly package: string
  readonly why: string
  readonly for: Purpose
  readonly present: boolean
}

/** What some purposes need, and whether it is here. */
export function requirements(purposes: readonly Purpose[]): Requirement[] {
  const tools = Object.entries(hostTools).map(([name, facts]) => ({ name, ...facts, present: onPath(name) }))
  const files = Object.entries(hostFiles).map(([name, facts]) => ({
    name,
    ...facts,
    present: has(name, constants.R_OK),
  }))
  return [...tools, ...files].filter((requirement) => purposes.includes(requirement.for))
}

export function missingTool(tool: HostTool): KilnError {
  const facts = hostTools[tool]
  return new KilnError('E-TOOL-MISSING', `${tool} is not installed; it ${facts.why}`, {
    hint: `apt-get install ${facts.package}`,
  })
}

function onPath(program: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) =>
    has(`${folder}/${program}`, constants.X_OK),
  )
}

function has(path: string, access: number): boolean {
  try {
    accessSync(path, access)
    return true
  } catch {
    return false
  }
}

import { AgentError } from '../agent-error.ts'
import { type Host, hasErrno } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

/** The EFI partition is mounted only while something is done to it: nothing else can damage it, and it is clean then. */
const mountPoint = '/run/kiln/esp'

/** FAT32 (Microsoft's specification, and the kernel's fat_boot_sector): the state of the volume, bit 0 is "not clean". */
const stateAt = 65

/**
 * @param device of the EFI partition
 * @param access `write` checks the file system first where it was not unmounted cleanly
 * @param action gets the folder where it is mounted
 * @throws AgentError boot-loader where it cannot be mounted as wanted
 */
export function withEsp<T>(
  host: Host,
  device: string,
  access: 'read' | 'write',
  action: (esp: string) => T,
): T {
  // The leftover of a process that was killed.
  if (isMounted(host, mountPoint)) host.unmount(mountPoint)
  if (access === 'write') checkFileSystem(host, device)
  host.mkdir(mountPoint, { recursive: true, mode: 0o700 })
  mountEsp(host, device, access)
  try {
    if (access === 'write') checkWritable(host)
    return action(mountPoint)
  } finally {
    if (access === 'write') host.sync()
    host.unmount(mountPoint)
  }
}

function mountEsp(host: Host, device: string, access: 'read' | 'write'): void {
  try {
    host.mount({
      source: device,
      target: mountPoint,
      type: 'vfat',
      flags: access === 'read' ? ['ro', 'nosuid', 'nodev', 'noexec'] : ['nosuid', 'nodev', 'noexec'],
      data: 'umask=0077',
    })
  } catch (error) {
    // A device that is write-protected: mount(2) has EACCES for it, and some drivers EROFS.
    if (access === 'read' || !hasErrno(error, 'EACCES', 'EROFS')) throw error
    throw new AgentError('boot-loader', `The EFI partition ${device} can only be read.`, error)
  }
}

/** After a power cut, clusters may be marked wrongly; writing would then spoil other files. */
function checkFileSystem(host: Host, device: string): void {
  const isDirty = ((host.readBytes(device, 0, 512)[stateAt] ?? 0) & 1) === 1
  if (!isDirty || isMounted(host, device)) return
  const { code, stdout, stderr } = host.run(['fsck.vfat', '-a', device])
  // 1: something was found and mended.
  if (code <= 1) return
  throw new AgentError('boot-loader', `fsck.vfat: ${`${stdout}${stderr}`.trim().split('\n').at(-1) ?? code}`)
}

/** The kernel makes a file system read-only that it finds damaged, and a card may have a switch. */
function checkWritable(host: Host): void {
  const options = mountLines(host).find(([, target]) => target === mountPoint)?.[3] ?? 'rw'
  if (options.split(',').includes('ro')) {
    throw new AgentError('boot-loader', 'The EFI partition can only be read.')
  }
}

function isMounted(host: Host, deviceOrTarget: string): boolean {
  return mountLines(host).some(([device, target]) => device === deviceOrTarget || target === deviceOrTarget)
}

/** proc_mounts(5): device, target, type, options. */
function mountLines(host: Host): string[][] {
  const text = readIfThere(host, '/proc/self/mounts') ?? ''
  return text.split('\n').map((line) => line.split(' '))
}

import type { Host } from '../host/host.ts'
import { DiskToolError } from './tool.ts'

/** Mends what a power cut left, without asking. @throws DiskToolError where that is not enough */
export function mendFileSystem(host: Pick<Host, 'run'>, type: 'ext4' | 'vfat', device: string): void {
  const program = type === 'ext4' ? 'e2fsck' : 'fsck.vfat'
  const { code, stdout, stderr } = host.run([program, type === 'ext4' ? '-p' : '-a', device])
  // 1: something was found and mended.
  if (code <= 1) return
  const said = `${stdout}${stderr}`.trim().split('\n').at(-1)
  throw new DiskToolError(`${program} ended with ${code}: ${said || device}`)
}

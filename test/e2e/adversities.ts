import type { ExitName } from '@kiln/contract'
import type { Way } from './adverse-registry.ts'

/** Where a node has COS_STATE. */
export const state = '/run/initramfs/cos-state'

/** What a node meets, and what it says of it. Each fails, and leaves the node as it was. */
export interface Adversity {
  readonly what: string
  readonly way: Way
  readonly tls?: boolean
  readonly before?: string
  readonly after?: string
  readonly reason: string
  readonly exit: ExitName
}

export const adversities: readonly Adversity[] = [
  { what: 'other bytes than were named', way: 'flipped', reason: 'digest-mismatch', exit: 'verification' },
  { what: 'fewer bytes than were named', way: 'short', reason: 'truncated', exit: 'network' },
  {
    what: 'an image for another architecture',
    way: 'other-arch',
    reason: 'wrong-architecture',
    exit: 'environment',
  },
  { what: 'an image for another device', way: 'other-device', reason: 'not-compatible', exit: 'environment' },
  { what: 'credentials that have expired', way: 'locked', reason: 'unauthorized', exit: 'environment' },
  {
    what: 'a clock that is wrong by years',
    way: 'honest',
    tls: true,
    before: 'date --utc +%s > /run/now; date --set 2001-01-01',
    after: 'date --set @$(cat /run/now)',
    reason: 'untrusted',
    exit: 'verification',
  },
  {
    what: 'a disk that is full',
    way: 'honest',
    before: `mount -o remount,rw ${state}; fallocate --length $(($(stat --file-system --format '%a * %S' ${state}) - 16777216)) ${state}/filled; mount -o remount,ro ${state}`,
    after: `mount -o remount,rw ${state}; rm ${state}/filled; mount -o remount,ro ${state}`,
    reason: 'no-space',
    exit: 'environment',
  },
  {
    what: 'an EFI partition that can only be read',
    way: 'honest',
    before: 'blockdev --setro /dev/disk/by-label/COS_GRUB',
    after: 'blockdev --setrw /dev/disk/by-label/COS_GRUB',
    reason: 'boot-loader',
    exit: 'environment',
  },
]

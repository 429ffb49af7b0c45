import { createHash } from 'node:crypto'
import type { PlannedPartition, TableGuids } from '@kiln/contract'
import { canonicalJson } from '../../plan/fingerprint.ts'
import type { RawParams } from '../../plan/step.ts'
import { seededUuid } from '../../tools/veritysetup.ts'

/**
 * Identities of a disk image and of what is on it: other ones for other content, the same in each build. Those of the
 * table are replaced when a machine starts from it for the first time.
 */
export interface Identities extends TableGuids {
  /** Of an ext4 file system: its UUID, and the one that its folders are hashed with. */
  fileSystem(partition: PlannedPartition): { readonly uuid: string; readonly hashSeed: string }
  /** Of a FAT file system: 8 hex digits. */
  volume(partition: PlannedPartition): string
}

/** Disks of one payload differ, too: by firmware, by cloud-config, by what MAAS runs. Two of them may meet in one machine. */
export function identitySeed(
  payloadDigest: string,
  { disk, cloudConfig, curtin }: Pick<RawParams, 'disk' | 'cloudConfig' | 'curtin'>,
): string {
  return canonicalJson([payloadDigest, disk, cloudConfig?.digest, curtin])
}

/** @param seed of the content, for example its digest */
export function identitiesFor(seed: string): Identities {
  return {
    disk: seededUuid(`disk ${seed}`),
    partition: ({ name }) => seededUuid(`partition ${name} ${seed}`),
    fileSystem: ({ name }) => ({
      uuid: seededUuid(`file system ${name} ${seed}`),
      hashSeed: seededUuid(`hash seed ${name} ${seed}`),
    }),
    volume: ({ name }) => createHash('sha256').update(`volume ${name} ${seed}`).digest('hex').slice(0, 8),
  }
}

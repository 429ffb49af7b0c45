import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KiB, KilnError, liveMedium, roundUp } from '@kiln/contract'
import { type IsoRecord, type MediumFile, readRecords, writeSize } from './records.ts'

/** A cloud-config can be this large, or a multiple of it where the one of the build is larger, less the mark. */
const roomStep = 256 * KiB
const mostSteps = 64

/** Stands at the end of the room, so that nobody takes what belongs to another file for room. */
const mark = Buffer.from('kiln: room for a cloud-config\n'.padEnd(32, '\0'))

/** A medium without a cloud-config has an empty one, so that there is room for one. */
const emptyConfig = '#cloud-config\n'

/**
 * Makes the staged cloud-config as long as its room. The medium is written like that; then {@link putConfig} gives the file
 * the length that it has. Boot images and payload never move when another cloud-config takes its place.
 */
export async function stageRoom(tree: string): Promise<Buffer> {
  const path = join(tree, liveMedium.cloudConfig)
  const config = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.from(emptyConfig)
    throw error
  })
  const room = Buffer.alloc(roundUp(config.length + mark.length, roomStep))
  room.set(config)
  room.set(mark, room.length - mark.length)
  await writeFile(path, room)
  return config
}

/**
 * Puts a cloud-config into the room of a medium, in place: its bytes, and its length in the folders of both trees.
 * @throws KilnError E-ISO-ROOM where the medium has no room for it
 */
export async function putConfig(medium: MediumFile, config: Buffer): Promise<void> {
  const records = await findRecords(medium)
  const start = records[0]?.start ?? 0
  const bytes = await roomAt(medium, start)
  const most = bytes - mark.length
  if (config.length > most) {
    throw new KilnError(
      'E-ISO-ROOM',
      `the cloud-config has ${config.length} bytes, and the ISO has room for ${most}`,
      {
        hint: 'build the ISO with it: cloud-config: in kiln.yaml, or kiln build --cloud-config FILE',
      },
    )
  }
  const room = Buffer.alloc(most)
  room.set(config)
  await medium.write(room, 0, room.length, start)
  for (const record of records) await writeSize(medium, record, config.length)
}

async function findRecords(medium: MediumFile): Promise<IsoRecord[]> {
  const records = await readRecords(medium)
  const named = records.find(({ path, tree }) => tree === 'joliet' && path === liveMedium.cloudConfig)
  // The names of the other tree are shortened; what lies in the same place is the same file.
  const same = records.filter(({ start }) => start === named?.start)
  if (named && same.length === 2) return same
  throw noRoom('it has no /config.yaml')
}

async function roomAt(medium: MediumFile, start: number): Promise<number> {
  for (let steps = 1; steps <= mostSteps; steps++) {
    const bytes = steps * roomStep
    const found = Buffer.alloc(mark.length)
    const { bytesRead } = await medium.read(found, 0, mark.length, start + bytes - mark.length)
    if (bytesRead < mark.length) break
    if (found.equals(mark)) return bytes
  }
  throw noRoom('nothing marks it')
}

function noRoom(why: string): KilnError {
  return new KilnError('E-ISO-ROOM', `the ISO has no room for a cloud-config: ${why}`, {
    hint: 'build it with this Kiln: its ISOs have that room, unless another program wrote them again',
  })
}

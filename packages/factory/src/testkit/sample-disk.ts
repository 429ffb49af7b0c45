import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DiskRequest } from '@kiln/contract'
import { boardOf, genericDevice } from '../boards/load.ts'
import { type Board, boardPaths } from '../boards/schema.ts'
import { writeBiosBoot } from '../carriers/raw/bios-boot.ts'
import { stageContents } from '../carriers/raw/contents.ts'
import { writeHybridMbr } from '../carriers/raw/hybrid-mbr.ts'
import { identitiesFor } from '../carriers/raw/identities.ts'
import { imageBytes, layOutImage } from '../carriers/raw/layout.ts'
import { writeDisk } from '../carriers/raw/write-disk.ts'
import { makeSamplePayload, type SampleChange, type SamplePayload } from './sample-payload.ts'
import { plant } from './testkit.ts'

const path = '/usr/sbin:/usr/bin:/sbin:/bin'
const epoch = 1_700_000_000

export interface SampleDisk {
  readonly file: string
  readonly payload: SamplePayload
}

/** A disk as the factory writes it, with programs of this machine. */
export async function makeSampleDisk(
  folder: string,
  firmware: DiskRequest['firmware'] = 'hybrid',
  change: SampleChange = {},
): Promise<SampleDisk> {
  const payload = makeSamplePayload(join(folder, 'payload'), change)
  const wish = { firmware, generations: 2 }
  const plan = layOutImage(wish, payload.card)
  const file = join(folder, 'sample.raw')
  const work = join(folder, 'work')
  const board = boardOf(change.device ?? genericDevice)
  const { folders } = await stageContents(work, work, {
    payload: payload.card,
    payloadFolder: payload.folder,
    rootImage: join(payload.folder, 'root.img'),
    cloudConfig: undefined,
    board: board && plantBoard(join(folder, 'board'), board),
    firmware,
    arch: 'amd64',
    title: 'Sample v1.0.0',
    file: 'sample.raw',
    keep: 2,
    epoch,
  })
  // In a build, these are seen there without being copied.
  for (const name of readdirSync(payload.folder))
    copyFileSync(join(payload.folder, name), join(work, 'state/slots', payload.card.root.rootHash, name))
  await writeDisk({
    image: { path: file, inside: file, bytes: imageBytes(plan) },
    plan,
    identities: identitiesFor(payload.digest),
    sources: (role) => folders[role] && join(work, folders[role]),
    epoch,
    run: async ([program, ...args], { env, input }) => runTool(program, args, env, input),
  })
  await writeBiosBoot(file, plan, payload.folder)
  if (board?.mbr === 'hybrid') await writeHybridMbr(file, plan)
  return { file, payload }
}

/** Files of the right names. */
function plantBoard(folder: string, board: Board): string {
  plant(folder, Object.fromEntries(boardPaths(board).map((path) => [path, path])))
  return folder
}

/** Runs a program of this machine, which must succeed. @returns what it says */
export function runTool(program: string, args: readonly string[], env = {}, input = ''): string {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: path, LC_ALL: 'C.UTF-8', ...env },
    input,
    maxBuffer: 2 ** 26,
  })
  assert.equal(result.status, 0, `${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`)
  return result.stdout
}

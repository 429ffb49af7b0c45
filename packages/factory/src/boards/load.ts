import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseOrThrow } from '@kiln/contract'
import { type Board, BoardFile } from './schema.ts'

const folder = fileURLToPath(new URL('../../../../boards', import.meta.url))

/** The device of an image that is made for no board. */
export const genericDevice = 'generic'

/** All boards that there is data for, by name. */
export function listBoards(): Board[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => parseOrThrow(BoardFile, readFileSync(join(folder, name), 'utf8'), `boards/${name}`).value)
}

/** Undefined for a generic machine; a definition that was checked names no unknown board. */
export function boardOf(device: string): Board | undefined {
  return listBoards().find(({ board }) => board === device)
}

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { KilnError } from '@kiln/contract'
import { starterFiles, starterName } from '@kiln/factory/definition/starter'
import type { Command } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, runCommand, type Session } from '../session.ts'

export function addInitCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('init')
    .summary('write a starter kiln.yaml')
    .description(
      'Writes a commented kiln.yaml and a cloud-config that build as they stand. Overwrites nothing.',
    )
    .argument('[DIR]', 'folder to write to; made where it is missing', '.')
    .addOption(jsonOption())
    .action(async (folder: string, options: { readonly json?: boolean }) => {
      done(await runCommand(session, options, async () => init(folder)))
    })
  example(command, 'kiln init my-system')
}

function init(folder: string): Outcome {
  const files = starterFiles({
    name: starterName(basename(resolve(folder))),
    flavor: 'debian',
    release: '13',
  })
  const written = files.map(({ path, text }) => ({ path: join(folder, path), text }))
  for (const { path } of written) if (existsSync(path)) throw existsError(path)
  makeFolder(folder)
  for (const { path, text } of written) writeNew(path, text)
  const paths = written.map(({ path }) => path)
  return { result: { files: paths }, lines: paths }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw writeError(folder, error as NodeJS.ErrnoException)
  }
}

/** Fails where the file is there already, in one step with writing it. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    throw writeError(path, error as NodeJS.ErrnoException)
  }
}

function existsError(path: string): KilnError {
  return new KilnError('E-CONFIG-EXISTS', `${path} is there already and stays as it is`, {
    place: { file: path },
    hint: 'choose another folder: kiln init DIR',
  })
}

function writeError(path: string, error: NodeJS.ErrnoException): KilnError {
  const init = { place: { file: path } }
  switch (error.code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return existsError(path)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new KilnError('E-PERMISSION', `${path} cannot be written`, init)
    case 'ENOSPC':
      return new KilnError('E-DISK-FULL', `${path} cannot be written: no space is left`, init)
    default:
      throw error
  }
}

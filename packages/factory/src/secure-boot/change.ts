import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { certificateListArguments, programListArguments, type SecureBootVariable } from '../tools/efitools.ts'
import { makePcrKey, makeRole } from './generate.ts'
import {
  certificateDigest,
  isThere,
  keyFiles,
  type Role,
  readCertificate,
  readKeyCard,
} from './key-folder.ts'
import { runSigningTool } from './tools.ts'
import {
  completeVariable,
  type HandOver,
  insideFolder,
  type KeyWork,
  keyRun,
  waitingVariables,
  writeVariable,
} from './variables.ts'

/** What has to be written anew when a role gets another key: its own list, and whatever it signs. */
const rewritten: Readonly<Record<Role, readonly SecureBootVariable[]>> = {
  PK: ['PK', 'KEK'],
  KEK: ['KEK', 'db', 'dbx'],
  db: ['db'],
}

/** Where a replaced key and its certificate are kept. */
const retiredFolder = 'retired'

/**
 * Gives a role another key. The certificate before it stays trusted, so that what is signed with it still starts, until it is
 * revoked. The key before it goes to `retired`.
 */
export async function rotateKey(role: Role | 'pcr', days: number, work: KeyWork): Promise<HandOver[]> {
  const { folder } = work
  await mkdir(join(folder, retiredFolder), { recursive: true, mode: 0o700 })
  if (role === 'pcr') {
    const mark = work.now.toISOString().slice(0, 10)
    for (const file of [keyFiles.pcrPrivate, keyFiles.pcrPublic])
      await retire(file, `${mark}-${file}`, folder)
    await makePcrKey(work)
    return []
  }
  const before = readCertificate(join(folder, `${role}.pem`))
  const mark = certificateDigest(before).slice('sha256:'.length, 'sha256:'.length + 12)
  if (role !== 'PK') {
    await mkdir(join(folder, keyFiles.further, role), { recursive: true })
    await copyFile(join(folder, `${role}.pem`), join(folder, keyFiles.further, role, `before-${mark}.pem`))
  }
  for (const ending of ['key', 'pem', 'der'])
    await retire(`${role}.${ending}`, `${role}-${mark}.${ending}`, folder)
  await makeRole(role, days, work)
  return writeVariables(rewritten[role], work)
}

async function retire(file: string, as: string, folder: string): Promise<void> {
  if (isThere(folder, file)) await rename(join(folder, file), join(folder, retiredFolder, as))
}

/**
 * Refuses a certificate or a program from now on: it goes into dbx, and a certificate leaves db.
 * @param file a certificate in PEM, or a program for UEFI
 */
export async function revoke(file: string, work: KeyWork): Promise<HandOver[]> {
  const { folder } = work
  const content = await readFile(file).catch((cause: Error) => {
    throw new KilnError('E-KEYS-MISSING', `${file} cannot be read: ${cause.message}`, {
      place: { file },
      cause,
      hint: 'name a certificate, such as one in keys/further/db, or a program that was signed',
    })
  })
  await mkdir(join(folder, keyFiles.revoked), { recursive: true })
  const isProgram = content.toString('latin1', 0, 2) === 'MZ'
  if (!isProgram) readCertificate(file)
  const mark = isProgram ? basename(file) : certificateDigest(readCertificate(file)).slice(7, 19)
  const list = `${isProgram ? 'program' : 'certificate'}-${mark}.esl`
  const place = '/run/work/revoked'
  const run = keyRun(work)
  const target = insideFolder(keyFiles.revoked, list)
  await runSigningTool(
    isProgram
      ? programListArguments(place, target)
      : certificateListArguments(readKeyCard(folder).owner, place, target),
    { ...run, mounts: [...run.mounts, { kind: 'file-ro', source: file, target: place }] },
  )
  if (isProgram) return writeVariables(['dbx'], work)
  const own = certificateDigest(readCertificate(join(folder, 'db.pem')))
  if (own === certificateDigest(readCertificate(file))) {
    await rm(join(folder, keyFiles.revoked, list))
    throw new KilnError('E-KEYS-UNUSABLE', `${file} is the certificate that signs now`, {
      place: { file },
      hint: 'kiln keys rotate db first, and let the nodes have an image that is signed with the new key',
    })
  }
  await rm(join(folder, keyFiles.further, 'db', `before-${mark}.pem`), { force: true })
  return writeVariables(['db', 'dbx'], work)
}

/** Takes in what was signed elsewhere. @returns the variables that are whole now */
export async function completeKeys(work: KeyWork): Promise<SecureBootVariable[]> {
  const waiting = await waitingVariables(work.folder)
  for (const variable of waiting) await completeVariable(variable, work)
  return waiting
}

async function writeVariables(variables: readonly SecureBootVariable[], work: KeyWork): Promise<HandOver[]> {
  const handed: HandOver[] = []
  for (const variable of variables) {
    const waiting = await writeVariable(variable, work)
    if (waiting) handed.push(waiting)
  }
  return handed
}

import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import {
  certificateListArguments,
  type SecureBootVariable,
  updateArguments,
  updateExtractArguments,
} from '../tools/efitools.ts'
import { signVariable, signVariableElsewhere } from '../tools/openssl.ts'
import { firstDer, readDer } from '../verify/der.ts'
import { isThere, keyFiles, type Role, readKeyCard } from './key-folder.ts'
import { openedKey, runSigningTool, runWithKey, type SigningRun, type SigningTools } from './tools.ts'

/** What the work on a folder of keys needs. */
export interface KeyWork {
  readonly folder: string
  readonly tools: SigningTools
  readonly scratch: string
  readonly password: string | undefined
  readonly now: Date
  readonly signal: AbortSignal
}

/** Whose key firmware asks for, to take a change of a variable. */
export const signerOf: Readonly<Record<SecureBootVariable, Role>> = {
  PK: 'PK',
  KEK: 'PK',
  db: 'KEK',
  dbx: 'KEK',
}

const inside = '/run/work/keys'
const microsoftOwner = '77fa9abd-0359-4d32-bd60-28f4e78f784b'

/** The sandbox that sees the folder. */
export function keyRun({ folder, tools, scratch, signal }: KeyWork): SigningRun {
  return { tools, scratch, signal, mounts: [{ kind: 'bind', source: folder, target: inside }] }
}

/** Path of a file of the folder where the tools see it. */
export function insideFolder(...names: readonly string[]): string {
  return join(inside, ...names)
}

/** A variable whose update waits to be signed elsewhere. */
export interface HandOver {
  readonly variable: SecureBootVariable
  /** What to run where the key is. */
  readonly command: string
}

/**
 * Writes the list of a variable, `<name>.esl`, and the signed update to it, `<name>.auth`. Where the key of the signer is not in
 * the folder, what is to be signed goes to `to-sign`, and the update there was stays away until {@link completeVariables}.
 */
export async function writeVariable(
  variable: SecureBootVariable,
  work: KeyWork,
): Promise<HandOver | undefined> {
  const { folder, now } = work
  const lists = await listsOf(variable, work)
  if (lists.length === 0) return undefined
  await writeFile(join(folder, `${variable}.esl`), Buffer.concat(lists), { mode: 0o644 })
  await mkdir(join(folder, keyFiles.toSign), { recursive: true })
  const time = new Date(Math.floor(now.getTime() / 1000) * 1000)
  await writeFile(timeFile(folder, variable), `${time.toISOString()}\n`)
  await runSigningTool(
    updateExtractArguments({ ...placesOf(variable), time, target: extractPlace(variable) }),
    keyRun(work),
  )
  const signer = signerOf[variable]
  if (isThere(folder, `${signer}.key`)) {
    const key = { file: join(folder, `${signer}.key`), password: work.password }
    await mkdir(join(folder, keyFiles.signatures), { recursive: true })
    const places = [
      extractPlace(variable),
      insideFolder(`${signer}.pem`),
      openedKey,
      signaturePlace(variable),
    ]
    await runWithKey(key, ['sh', '-euc', signVariable, 'sh', ...places], keyRun(work))
    await completeVariable(variable, work)
    return undefined
  }
  await rm(join(folder, `${variable}.auth`), { force: true })
  const [extract, signature] = [
    `${keyFiles.toSign}/${variable}.tosign`,
    `${keyFiles.signatures}/${variable}.p7`,
  ]
  return { variable, command: signVariableElsewhere(extract, signer, signature) }
}

/** Joins list and signature. @throws KilnError E-SIGNATURE-WANTED, E-KEYS-UNUSABLE where the signature is another's */
export async function completeVariable(variable: SecureBootVariable, work: KeyWork): Promise<void> {
  const { folder } = work
  const signer = signerOf[variable]
  const signature = join(folder, keyFiles.signatures, `${variable}.p7`)
  if (!isThere(folder, keyFiles.signatures, `${variable}.p7`)) {
    const extract = `${keyFiles.toSign}/${variable}.tosign`
    throw new KilnError('E-SIGNATURE-WANTED', `${signature} is not there`, {
      place: { file: signature },
      hint: signVariableElsewhere(extract, signer, `${keyFiles.signatures}/${variable}.p7`),
    })
  }
  const refused = () =>
    new KilnError(
      'E-KEYS-UNUSABLE',
      `${signature} is no signature of ${signer} over the update of ${variable}`,
      {
        place: { file: signature },
        hint: signVariableElsewhere(`${keyFiles.toSign}/${variable}.tosign`, signer, `${variable}.p7`),
      },
    )
  await runSigningTool(
    [
      ...(['openssl', 'smime', '-verify', '-binary', '-noverify', '-nointern', '-inform', 'DER'] as const),
      ...['-in', signaturePlace(variable), '-content', extractPlace(variable)],
      ...['-certfile', insideFolder(`${signer}.pem`), '-out', '/dev/null'],
    ],
    { ...keyRun(work), explain: refused },
  )
  await writeFile(signature, bareSignature(await readFile(signature)))
  const time = new Date((await readFile(timeFile(folder, variable), 'utf8')).trim())
  const target = insideFolder(`${variable}.auth`)
  await runSigningTool(
    updateArguments(signaturePlace(variable), { ...placesOf(variable), time, target }),
    keyRun(work),
  )
  await chmod(join(folder, `${variable}.auth`), 0o644)
  for (const file of [
    timeFile(folder, variable),
    join(folder, keyFiles.toSign, `${variable}.tosign`),
    signature,
  ])
    await rm(file)
}

/** Firmware wants the SignedData (UEFI, 8.2.2) without the ContentInfo that openssl puts around it. */
function bareSignature(message: Buffer): Buffer {
  const [, content] = readDer(firstDer(message).content)
  if (!content) throw new KilnError('E-BUG', 'openssl wrote no ContentInfo')
  return firstDer(content.content).whole
}

/** The variables whose updates wait. */
export async function waitingVariables(folder: string): Promise<SecureBootVariable[]> {
  const names = isThere(folder, keyFiles.toSign) ? await readdir(join(folder, keyFiles.toSign)) : []
  return (['PK', 'KEK', 'db', 'dbx'] as const).filter((variable) => names.includes(`${variable}.time`))
}

async function listsOf(variable: SecureBootVariable, work: KeyWork): Promise<Buffer[]> {
  const { folder } = work
  if (variable === 'dbx') {
    const files = await filesIn(join(folder, keyFiles.revoked), '.esl')
    return Promise.all(files.map((file) => readFile(join(folder, keyFiles.revoked, file))))
  }
  const { owner } = readKeyCard(folder)
  const further = await filesIn(join(folder, keyFiles.further, variable), '.pem')
  const certificates = [`${variable}.pem`, ...further.map((file) => join(keyFiles.further, variable, file))]
  const lists: Buffer[] = []
  for (const file of certificates) {
    const isMicrosoft = file.includes('/microsoft-')
    const target = 'list.part'
    await runSigningTool(
      certificateListArguments(
        isMicrosoft ? microsoftOwner : owner,
        insideFolder(file),
        insideFolder(target),
      ),
      keyRun(work),
    )
    lists.push(await readFile(join(folder, target)))
    await rm(join(folder, target))
  }
  return lists
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.endsWith(ending)).sort()
}

function placesOf(variable: SecureBootVariable) {
  return { variable, list: insideFolder(`${variable}.esl`) }
}

function extractPlace(variable: SecureBootVariable): string {
  return insideFolder(keyFiles.toSign, `${variable}.tosign`)
}

function signaturePlace(variable: SecureBootVariable): string {
  return insideFolder(keyFiles.signatures, `${variable}.p7`)
}

function timeFile(folder: string, variable: SecureBootVariable): string {
  return join(folder, keyFiles.toSign, `${variable}.time`)
}

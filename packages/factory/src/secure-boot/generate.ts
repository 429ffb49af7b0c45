import { randomUUID } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { removeTree } from '../run/remove-tree.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from '../toolchain/toolchain.ts'
import { makeCertificate, makeKeyPair } from '../tools/openssl.ts'
import { type KeyCard, keyFiles, type Role, readKeyCard, roles } from './key-folder.ts'
import { runSigningTool } from './tools.ts'
import { insideFolder, type KeyWork, keyRun, writeVariable } from './variables.ts'

export interface GenerateOptions {
  readonly name: string
  readonly days: number
  /** Trust what Microsoft signed, too: option ROMs of many machines, without which some do not start at all. */
  readonly microsoft: boolean
}

/** Makes a folder of keys, whole or not at all. @throws KilnError E-CONFIG-EXISTS */
export async function generateKeys(options: GenerateOptions, work: KeyWork): Promise<void> {
  const { folder } = work
  await requireFree(folder)
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`))
  try {
    const inDraft = { ...work, folder: draft }
    const card: KeyCard = { schema: 'kiln.keys/v1', name: options.name, owner: randomUUID() }
    await writeFile(join(draft, keyFiles.card), `${JSON.stringify(card, undefined, 2)}\n`)
    await writeFile(join(draft, '.gitignore'), '*.key\n*private*\n')
    if (options.microsoft) await takeMicrosoft(inDraft)
    for (const role of roles) await makeRole(role, options.days, inDraft)
    await makePcrKey(inDraft)
    for (const role of roles) await writeVariable(role, inDraft)
    await chmod(draft, 0o700)
    await rename(draft, folder)
  } catch (error) {
    await removeTree(draft)
    throw error
  }
}

async function requireFree(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return
  throw new KilnError('E-CONFIG-EXISTS', `${folder} is there already, and not empty`, {
    place: { file: folder },
    hint: 'keys are never overwritten: name another folder with --out, or renew one with kiln keys rotate',
  })
}

/** Key and certificate of a role: `<role>.key`, `.pem`, `.der`. */
export async function makeRole(role: Role, days: number, work: KeyWork): Promise<void> {
  const { name } = readKeyCard(work.folder)
  const subject = `/CN=${name}-${role}/`
  await runWithPassword(makeCertificate, [insideFolder(role), String(days), subject, encryption(work)], work)
}

/** The pair that signs states of PCR 11. */
export function makePcrKey(work: KeyWork): Promise<void> {
  const places = [insideFolder(keyFiles.pcrPrivate), insideFolder(keyFiles.pcrPublic)]
  return runWithPassword(makeKeyPair, [...places, encryption(work)], work)
}

function encryption({ password }: KeyWork): string {
  return password === undefined ? 'plain' : 'encrypt'
}

async function runWithPassword(script: string, args: readonly string[], work: KeyWork): Promise<void> {
  const { tools, scratch, mounts, signal } = keyRun(work)
  await runInSandbox(toolchainSandbox(tools, scratch, mounts), ['sh', '-euc', script, 'sh', ...args], {
    ...(signal === undefined ? {} : { signal }),
    // openssl asks twice for the password of something new.
    input: `${work.password ?? ''}\n${work.password ?? ''}\n`,
  })
}

/** Files of Debian's python3-virt-firmware, with names of the folder. */
const microsoft = {
  KEK: ['MicrosoftCorporationKEKCA2011', 'MicrosoftCorporationKEK2KCA2023'],
  db: [
    'MicrosoftCorporationUEFICA2011',
    'MicrosoftUEFICA2023',
    'MicrosoftWindowsProductionPCA2011',
    'WindowsUEFICA2023',
  ],
} as const

async function takeMicrosoft(work: KeyWork): Promise<void> {
  for (const [role, names] of Object.entries(microsoft)) {
    await mkdir(join(work.folder, keyFiles.further, role), { recursive: true })
    for (const name of names) {
      const source = `/usr/lib/python3/dist-packages/virt/firmware/certs/${name}.pem`
      await runSigningTool(
        ['cp', source, insideFolder(keyFiles.further, role, `microsoft-${name}.pem`)],
        keyRun(work),
      )
    }
  }
}

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Architecture } from '@kiln/contract'
import { containerToolPackages } from '@kiln/factory/bases/container-tools'
import { baseImporter } from '@kiln/factory/bases/import'
import { type RegistryAccess, registryAccess } from '@kiln/factory/bases/registry-access'
import { type ResolvedBase, resolveBase } from '@kiln/factory/bases/resolve'
import { type ImportedSource, parseBase } from '@kiln/factory/bases/source'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { treeDigest } from '@kiln/factory/tools/tar-digest'
import { makeTestImage, runScript, type Workshop } from './base-image.ts'
import { type DebianRoot, debianRoot } from './debian-root.ts'
import { type Registry, startRegistry } from './registry.ts'

/** Two registries with the test image, and what imports from them: set up before the tests of a file, gone after them. */
export const { signal } = new AbortController()
export const login = { user: 'builder', password: 'p4ss-w0rd-of-the-test' }
export const encodedLogin = Buffer.from(`${login.user}:${login.password}`).toString('base64')

export let containerTools: DebianRoot
export let workshop: Workshop
export let secure: Registry
export let plain: Registry
export let layout: string
export let reference: ImportedRoot

before(async () => {
  containerTools = await debianRoot(containerToolPackages)
  const testTools = await debianRoot([
    ...containerToolPackages,
    'docker-registry',
    'libcap2-bin',
    'attr',
    'xz-utils',
  ])
  workshop = { tools: testTools.whole, folder: await freshFolder() }
  layout = await makeTestImage(workshop)
  secure = await startRegistry({ ...workshop, login })
  plain = await startRegistry(workshop)
  await writeAuth('auth.json', secure.host, encodedLogin)
  await writeAuth(
    'wrong.json',
    secure.host,
    Buffer.from(`${login.user}:not-${login.password}`).toString('base64'),
  )
  for (const name of ['base', 'multi']) {
    await push(`oci:layout:${name}`, secure.host, `os/${name}:v1`, `--dest-cert-dir=/run/work/certs`)
    await push(`oci:layout:${name}`, plain.host, `os/${name}:v1`, '--dest-tls-verify=false')
  }
  reference = await importText(`oci:${secure.host}/os/base:v1`)
})

after(async () => {
  await secure?.stop()
  await plain?.stop()
  for (const folder of folders) await removeTree(folder)
})

const folders: string[] = []

/** An empty folder, which may come to hold files of other owners. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-'))
  folders.push(folder)
  return folder
}

export interface ImportedRoot {
  readonly base: ResolvedBase
  readonly root: string
  /** Of the tree; times do not count. */
  readonly digest: string
}

function accessTo(changes: Partial<RegistryAccess> = {}): RegistryAccess {
  const own = { authFile: join(workshop.folder, 'auth.json'), certFolder: secure.certs, allowInsecure: false }
  return { ...registryAccess({}), ...own, ...changes }
}

export async function resolveText(
  text: string,
  access?: Partial<RegistryAccess>,
  arch: Architecture = 'amd64',
): Promise<ResolvedBase> {
  const source = parseBase(text, workshop.folder) as ImportedSource
  return resolveBase(source, {
    arch,
    signal,
    tools: async () => containerTools.whole,
    access: accessTo(access),
  })
}

export async function importBase(
  base: ResolvedBase,
  expected = { ids: ['debian'] as readonly string[], release: '13', arch: 'amd64' as Architecture },
  access?: Partial<RegistryAccess>,
): Promise<ImportedRoot> {
  const [out, scratch] = [await freshFolder(), await freshFolder()]
  const lines: string[] = []
  const run = baseImporter(() => accessTo(access))
  try {
    await run(
      { params: { base, expected } },
      {
        inputs: { toolchain: containerTools.whole },
        out,
        scratch,
        signal,
        line: (line) => lines.push(line),
        progress: () => {},
      },
    )
  } finally {
    await removeTree(scratch)
    const shown = lines.join('\n')
    assert.ok(!shown.includes(login.password) && !shown.includes(encodedLogin), 'no secret in the output')
    assert.ok(!JSON.stringify(base).includes(login.password), 'no secret in the parameters')
  }
  const root = join(out, 'layer')
  return { base, root, digest: await treeDigest(root, signal) }
}

export async function importText(
  text: string,
  access?: Partial<RegistryAccess>,
  arch: Architecture = 'amd64',
): Promise<ImportedRoot> {
  const expected = { ids: ['debian'], release: '13', arch }
  return importBase(await resolveText(text, access, arch), expected, access)
}

export async function listing(root: string) {
  const text = await runScript(
    workshop,
    String.raw`cd /run/work/root; find . -mindepth 1 -printf '%y\t%m\t%U:%G\t%i\t%l\t%P\n' | sort -t "$(printf '\t')" -k 6`,
    { mounts: [{ kind: 'bind-ro', source: root, target: '/run/work/root' }] },
  )
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [kind, mode, owner, inode, target, path = ''] = line.split('\t')
      return { kind, mode, owner, inode, target, path }
    })
}

/** Capabilities of files, and the user's attribute of one. */
export function attributes(root: string): Promise<string> {
  const script = 'cd /run/work/root; getcap -r . ; getfattr --only-values --name=user.kiln etc/third'
  return runScript(workshop, script, {
    mounts: [{ kind: 'bind-ro', source: root, target: '/run/work/root' }],
  })
}

export async function writeWork(name: string, text: string): Promise<string> {
  const file = join(workshop.folder, name)
  await rm(file, { force: true })
  await writeFile(file, text)
  return file
}

function writeAuth(name: string, host: string, auth: string): Promise<string> {
  return writeWork(name, JSON.stringify({ auths: { [host]: { auth } } }))
}

export function skopeo(...args: string[]): Promise<string> {
  return runScript(workshop, 'skopeo --insecure-policy --tmpdir=/run/work/it "$@"', {
    args,
    network: true,
    mounts: [{ kind: 'bind-ro', source: secure.certs, target: '/run/work/certs' }],
  })
}

function push(image: string, host: string, name: string, ...options: string[]): Promise<string> {
  return skopeo(
    'copy',
    '--all',

    '--dest-authfile=auth.json',
    ...options,
    image,
    `docker://${host}/${name}`,
  )
}

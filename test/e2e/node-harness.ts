import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { KilnError } from '@kiln/contract'
import type { BuildResult } from '@kiln/factory'
import { run } from '@kiln/factory/tools/process'
import { type Guest, generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import { bootTimeoutMs, kiln, repository } from './harness.ts'

/** The user of all test nodes, with the key pair that logs in. */
export interface NodeLogin {
  readonly user: string
  readonly key: string
  readonly publicKey: string
}

export async function nodeLogin(folder: string): Promise<NodeLogin> {
  return { user: 'tester', ...(await generateKey(folder)) }
}

export interface NodeImage {
  readonly version: string
  readonly artifacts: readonly ('iso' | 'raw')[]
  /** Merged into the cloud-config. */
  readonly config?: object
  /** Files of the image: path → content. */
  readonly files?: Readonly<Record<string, string>>
  readonly cmdline?: readonly string[]
  /** Besides those of the example. */
  readonly packages?: readonly string[]
}

/** Writes a definition for a node: the example's packages, so that its steps are found in the cache. */
export async function writeNodeDefinition(
  folder: string,
  { version, artifacts, config = {}, files = {}, cmdline = [], packages = [] }: NodeImage,
  login: NodeLogin,
): Promise<string> {
  const definition = join(folder, version)
  await mkdir(definition, { recursive: true })
  for (const [path, content] of Object.entries({ '/etc/kiln-test': `${version}\n`, ...files })) {
    const file = join(definition, 'overlay', path)
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, content)
  }
  const cloudConfig = cloudConfigText({ ...loginConfig(login), ...config })
  await writeFile(join(definition, 'cloud-config.yaml'), cloudConfig)
  const image = {
    flavor: 'debian',
    release: '13',
    hostname: 'kiln-node',
    overlay: 'overlay',
    'cloud-config': 'cloud-config.yaml',
    cmdline,
    ...(packages.length === 0 ? {} : { packages: { add: packages } }),
  }
  const text = JSON.stringify({ name: 'kiln-node', version, images: [image], artifacts })
  await writeFile(join(definition, 'kiln.yaml'), `${text}\n`)
  await copyLock(definition)
  return definition
}

/** Lets the user in, and to everything. */
export function loginConfig({ user, publicKey }: NodeLogin): object {
  return {
    users: [{ name: user, groups: ['admin', 'sudo'], ssh_authorized_keys: [publicKey] }],
    write_files: [
      { path: `/etc/sudoers.d/${user}`, permissions: '0440', content: `${user} ALL=(ALL) NOPASSWD: ALL\n` },
    ],
  }
}

/** YAML is a superset of JSON. */
export function cloudConfigText(config: object): string {
  return `#cloud-config\n${JSON.stringify(config)}\n`
}

/** All versions of a scenario are built from the same packages: a mirror may move on meanwhile. */
async function copyLock(definition: string): Promise<void> {
  await cp(join(repository, 'examples/debian/kiln.lock'), join(definition, 'kiln.lock')).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    },
  )
}

/** @returns paths of what was made, by kind */
export async function buildNode(definition: string): Promise<Readonly<Record<string, string>>> {
  const out = join(definition, 'dist')
  const { images } = (await kiln(['build', definition, '--yes', '--out', out])) as BuildResult
  return Object.fromEntries(images[0]?.artifacts.map(({ kind, path }) => [kind, path]) ?? [])
}

/** A disk that starts as a copy of an image, and keeps what is written. Takes no space for what was not changed. */
export async function overlayDisk(image: string, file: string, gibibytes: number): Promise<string> {
  const format = image.endsWith('.qcow2') ? 'qcow2' : 'raw'
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', image, file, `${gibibytes}G`])
  return file
}

export interface NodeFacts {
  readonly mode: string
  readonly generation?: number
  readonly release: Readonly<Record<string, string>>
  readonly generations?: readonly {
    readonly number: number
    readonly status: string
    readonly slot: string
    readonly running: boolean
    readonly failure?: { readonly reason: string; readonly detail?: string }
  }[]
  readonly lastFailure?: { readonly generation?: number; readonly reason: string; readonly detail?: string }
  readonly problems: readonly string[]
}

export async function stateOf(guest: Guest): Promise<NodeFacts> {
  return JSON.parse(await inGuest(guest, 'sudo kiln-agent state --json')) as NodeFacts
}

const pauseMs = 2_000

/** Asks a node, over restarts, until its state is as wanted. @throws KilnError with the last state */
export async function waitForState(
  guest: Guest,
  wanted: (state: NodeFacts) => boolean,
  timeoutMs = bootTimeoutMs,
): Promise<NodeFacts> {
  const end = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < end) {
    // While it restarts, it cannot be asked.
    const state = await stateOf(guest).catch((error: unknown) => error as Error)
    if (!(state instanceof Error) && wanted(state)) return state
    last = state
    await setTimeout(pauseMs)
  }
  throw new KilnError('E-BOOT-TIMEOUT', `the node did not get there: ${JSON.stringify(last)}`)
}

export async function inGuest(guest: Guest, command: string): Promise<string> {
  const { stdout } = await runInGuest(guest, command)
  return stdout
}

/** The version that the running system itself names. */
export async function runningVersion(guest: Guest): Promise<string> {
  return (await inGuest(guest, 'cat /etc/kiln-test')).trim()
}

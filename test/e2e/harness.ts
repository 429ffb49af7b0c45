import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after } from 'node:test'
import { type ErrorCode, isKilnError, KilnError } from '@kiln/contract'
import type { BuildResult } from '@kiln/factory'
import { defaultFail, defaultUntil } from '@kiln/factory/boot/artifact'
import type { Machine } from '@kiln/factory/boot/machine'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { type Guest, waitForGuest } from '@kiln/factory/tools/ssh'

export const repository = join(import.meta.dirname, '../..')

/** A boot under emulation, on a machine that is busy with other things. */
export const bootTimeoutMs = 600_000

const folders: string[] = []

after(async () => {
  for (const folder of folders) await removeTree(folder)
})

/** An empty folder that is removed after the tests of the file. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-test-'))
  folders.push(folder)
  return folder
}

/** For assert.rejects: an expected failure with this code. */
export function isKiln(code: ErrorCode, message?: RegExp): (error: unknown) => boolean {
  return (error) => isKilnError(error) && error.code === code && (message?.test(error.message) ?? true)
}

interface KilnSurroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Octal digits. */
  readonly umask?: string
}

/** Runs the kiln command as a person would, with --json, and gives the result it prints last. */
export async function kiln(args: readonly string[], surroundings: KilnSurroundings = {}): Promise<unknown> {
  const launcher = join(repository, 'kiln')
  const child = spawn(
    'sh',
    ['-euc', 'umask "$1"; shift; exec "$@"', 'sh', surroundings.umask ?? '022', launcher, ...args, '--json'],
    {
      cwd: surroundings.cwd ?? repository,
      env: { ...process.env, ...surroundings.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0) {
    const output = `${stdout.trimEnd().split('\n').slice(-20).join('\n')}\n${stderr}`
    throw new KilnError('E-TOOL-FAILED', `kiln ${args.join(' ')} ended with ${code}\n${output}`)
  }
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { readonly result: unknown }
  return last.result
}

export interface Built {
  readonly iso: string
  readonly payload: { readonly folder: string; readonly digest: string }
  /** Key of the toolchain in the store. */
  readonly toolchain: string
}

/** Where the kiln command keeps its cache. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kiln')

/** Builds the example image: from the cache where it has it. */
export async function buildExample(
  options: {
    readonly out: string
    readonly cloudConfig?: string
    readonly cache?: string
    readonly definition?: string
  },
  surroundings?: KilnSurroundings,
): Promise<Built> {
  const { out, cloudConfig, cache, definition = join(repository, 'examples/debian') } = options
  const args = [
    ...['build', definition, '--yes', '--payload', '--out', out],
    ...(cloudConfig === undefined ? [] : ['--cloud-config', cloudConfig]),
    ...(cache === undefined ? [] : ['--cache', cache]),
  ]
  const { images, toolchain } = (await kiln(args, surroundings)) as BuildResult
  const [image] = images
  const iso = image?.artifacts.find(({ kind }) => kind === 'iso')?.path
  const { folder } = image?.payload ?? {}
  if (!image || iso === undefined || folder === undefined) {
    throw new KilnError('E-BUG', 'the example makes no ISO or no payload')
  }
  return { iso, payload: { ...image.payload, folder }, toolchain }
}

/** Writes a cloud-config; YAML is a superset of JSON. */
export async function writeCloudConfig(folder: string, config: object): Promise<string> {
  const file = join(folder, 'cloud-config.yaml')
  await writeFile(file, `#cloud-config\n${JSON.stringify(config, undefined, 2)}\n`)
  return file
}

/**
 * Waits until a machine is up, from a position of its console on.
 * @throws KilnError with the end of the console
 */
export async function waitUntilUp(machine: Machine, since = 0): Promise<string> {
  const outcome = await machine.outcome(
    { failed: defaultFail, up: defaultUntil },
    { timeoutMs: bootTimeoutMs, since },
  )
  if (outcome.kind === 'match' && outcome.name === 'up') return outcome.line
  const output = machine.console.lastLines(40).join('\n')
  throw new KilnError('E-BOOT-FAILED', `the machine did not come up (${outcome.kind})\n${output}`)
}

/** Waits until the machine is up and its user can log in. */
export async function waitForLogin(
  machine: Machine,
  login: Pick<Guest, 'user' | 'key'>,
  since = 0,
): Promise<Guest> {
  await waitUntilUp(machine, since)
  const guest = { ...login, port: machine.sshPort ?? 0 }
  await waitForGuest(guest, { timeoutMs: bootTimeoutMs })
  return guest
}

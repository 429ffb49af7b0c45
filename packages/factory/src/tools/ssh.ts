import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { KilnError } from '@kiln/contract'
import { type RunResult, run } from './process.ts'

/** A guest that is reached through a port of this machine. */
export interface Guest {
  readonly port: number
  readonly user: string
  /** Private key file. */
  readonly key: string
}

export interface GuestRunOptions {
  readonly signal?: AbortSignal | undefined
  readonly input?: string
  /** Exit codes of the command that are no failure. Default: 0 only. */
  readonly okCodes?: readonly number[]
}

const connectSeconds = 10
/** ssh's own exit code for anything between here and the command. */
const sshFailure = 255
const pauseMs = 1_000

/**
 * Runs one command line in a guest, by its shell.
 * @throws KilnError E-TOOL-FAILED with the output where the command fails or the guest is not reached
 */
export async function runInGuest(
  guest: Guest,
  command: string,
  options: GuestRunOptions = {},
): Promise<RunResult> {
  return run('ssh', sshArguments(guest, command), {
    signal: options.signal,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.okCodes === undefined ? {} : { okCodes: options.okCodes }),
    explain: (output) => new KilnError('E-TOOL-FAILED', `in the guest, "${command}" failed`, { output }),
  })
}

/** A guest is new each time and has a new host key, so there is nothing to compare its key with. */
export function sshArguments({ port, user, key }: Guest, command: string): string[] {
  const settings = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    GlobalKnownHostsFile: '/dev/null',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    ConnectTimeout: String(connectSeconds),
    ServerAliveInterval: '15',
    ServerAliveCountMax: '8',
    LogLevel: 'ERROR',
  }
  return [
    ...['-F', 'none', '-i', key, '-p', String(port)],
    ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...[`${user}@127.0.0.1`, command],
  ]
}

/**
 * Waits until a guest lets its user in. A refused connection is tried again: while a system comes up, ssh answers
 * before it knows the user.
 * @throws KilnError E-BOOT-TIMEOUT with what ssh said last
 */
export async function waitForGuest(
  guest: Guest,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const { code, stderr } = await runInGuest(guest, 'true', { signal, okCodes: [0, sshFailure] })
    if (code === 0) return
    if (performance.now() >= deadline) {
      throw new KilnError('E-BOOT-TIMEOUT', `${guest.user} could not log in within ${timeoutMs / 1000} s`, {
        output: stderr,
      })
    }
    await setTimeout(pauseMs, undefined, { signal })
  }
}

/** Makes a key pair in a folder. `publicKey` is the line that goes into a cloud-config. */
export async function generateKey(
  folder: string,
): Promise<{ readonly key: string; readonly publicKey: string }> {
  const key = join(folder, 'id_ed25519')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'kiln-test', '-f', key])
  return { key, publicKey: (await readFile(`${key}.pub`, 'utf8')).trim() }
}

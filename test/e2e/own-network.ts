import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshFolder } from './harness.ts'

export interface NetworkRun {
  /** Has `kiln-agent`, `key.pem` and `certificate.pem`. */
  readonly tools: string
  /** File of the server, in this folder, and its argument. */
  readonly server: string
  readonly service: string
  /** `sys_vendor=Hetzner` */
  readonly dmi?: string
  /** Of the kernel's command line. */
  readonly words?: string
  /** Files of /oem. */
  readonly oem?: Readonly<Record<string, string>>
  /** What kiln-agent is told, one after the other. */
  readonly commands: readonly string[]
  readonly limitMs: number
}

export interface NetworkOutcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** What the agent sees as `/`. */
  readonly root: string
  readonly log: string
}

/**
 * Runs the program of a node in a network namespace of its own, which ends with it. Needs no privileges, and reaches nobody
 * outside.
 */
export async function runInOwnNetwork(run: NetworkRun): Promise<NetworkOutcome> {
  const folder = join(await freshFolder(), 'machine')
  const root = join(folder, 'root')
  mkdirSync(join(root, 'oem'), { recursive: true })
  for (const name of readdirSync(run.tools)) cpSync(join(run.tools, name), join(folder, name))
  for (const [name, text] of Object.entries(run.oem ?? {})) writeFileSync(join(root, 'oem', name), text)
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      ...['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child'],
      ...['sh', join(import.meta.dirname, 'own-network.sh'), folder, process.execPath],
      ...[
        join(import.meta.dirname, run.server),
        run.service,
        run.dmi ?? '',
        run.words ?? '',
        ...run.commands,
      ],
    ],
    { encoding: 'utf8', timeout: run.limitMs, maxBuffer: 64 * 1024 * 1024 },
  )
  return { status, stdout, stderr, root, log: join(folder, 'server.log') }
}

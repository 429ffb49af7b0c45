import type { RegistriesConfig } from '@kiln/contract/cloud-config/schema/blocks/registries'
import type { Argv, Host, RunOptions, RunResult } from '../../host/host.ts'

/** What an operation may use. */
export interface Actor {
  readonly host: Host
  /** Stands before every path; empty on the node. */
  readonly root: string
  /** The shell, without its `-c`. */
  readonly shell: Argv
  readonly warn: (text: string) => void
  /** For each program. */
  readonly timeoutMs: number
  /** Where the image is whose programs are needed, if they are not those of this system: in the initramfs. */
  readonly image?: string | undefined
  /** How registries are reached, where the configuration of this system does not say it: while installing another one. */
  readonly registries?: RegistriesConfig
  /** Called now and then while a program runs. */
  readonly beat?: (program: string) => void
}

/** One or several things that could not be done, each as a sentence. */
export class OperationError extends Error {
  readonly messages: readonly string[]

  constructor(...messages: readonly string[]) {
    super(messages.join('; '))
    this.name = 'OperationError'
    this.messages = messages
  }
}

const beatMs = 10_000
/** As timeout(1) has it, and the port. */
export const timedOut = 124

/** Runs a program within the time of its step. */
export function runFor({ host, timeoutMs, beat }: Actor, argv: Argv, options: RunOptions = {}): RunResult {
  const watch = beat && { every: beatMs, look: () => beat(argv.join(' ')) }
  return host.run(argv, { timeoutMs, ...options, ...(watch ? { watch } : {}) })
}

/** @throws OperationError with the program's own words, unless it ends with 0 */
export function runOrFail(actor: Actor, argv: Argv, options: RunOptions = {}): string {
  const { code, stdout, stderr } = runFor(actor, argv, options)
  if (code === 0) return stdout
  const said = `${stderr}${stdout}`.trim().split('\n').slice(-3).join(' ').replace(/\s+/g, ' ').trim()
  throw new OperationError(
    `${argv[0]} ${endText(code, options.timeoutMs ?? actor.timeoutMs)}: ${said || argv.slice(1).join(' ')}`,
  )
}

export function endText(code: number, timeoutMs: number): string {
  return code === timedOut ? `took longer than ${Math.round(timeoutMs / 1000)} s` : `ended with ${code}`
}

import type { Argv, Host } from '../../host/host.ts'
import { templateRefusal, usesTemplate } from '../template.ts'

/** What a module may use. */
export interface ModuleContext {
  readonly host: Host
  /** Stands before every path; empty on the node. */
  readonly root: string
  /** The shell, without its `-c`. */
  readonly shell: Argv
  readonly warn: (text: string) => void
}

/** One or several things that a module could not do, each as a sentence. */
export class ModuleError extends Error {
  readonly messages: readonly string[]

  constructor(messages: readonly string[]) {
    super(messages.join('; '))
    this.name = 'ModuleError'
    this.messages = messages
  }
}

/** Does something for each item, all of them, and reports the failures together. */
export function forEach<T>(items: readonly T[], action: (item: T) => void): void {
  const messages = items.flatMap((item) => {
    try {
      action(item)
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  })
  if (messages.length > 0) throw new ModuleError(messages)
}

/** @throws ModuleError where a text asks for values to be filled in */
export function refuseTemplate(text: string, what: string): void {
  if (usesTemplate(text)) throw new ModuleError([`${what}: ${templateRefusal}`])
}

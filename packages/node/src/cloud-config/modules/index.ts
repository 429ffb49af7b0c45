import type { Action } from '../stages.ts'
import { addKeys } from './authorized-keys.ts'
import { runCommands } from './commands.ts'
import { type ModuleContext, ModuleError } from './context.ts'
import { makeDirectories } from './directories.ts'
import { writeFiles } from './files.ts'
import { setHostname } from './hostname.ts'
import { ensureUsers } from './users.ts'

export { type ModuleContext, ModuleError } from './context.ts'

type ActionOf<K extends Action['kind']> = Extract<Action, { readonly kind: K }>

/** One function for each kind of action; a kind without one does not compile. */
const modules: { readonly [K in Action['kind']]: (action: ActionOf<K>, context: ModuleContext) => void } = {
  directories: ({ directories }, context) => makeDirectories(directories, context),
  files: ({ files }, context) => writeFiles(files, context),
  commands: ({ commands }, context) => runCommands(commands, context),
  hostname: ({ hostname }, context) => setHostname(hostname, context),
  users: ({ users }, context) => ensureUsers(users, context),
  authorized_keys: ({ keys }, context) => addKeys(keys, context),
  unsupported: ({ key }) => {
    throw new ModuleError([`"${key}" is not yet supported`])
  },
}

/** @throws ModuleError, HostError */
export function runAction<K extends Action['kind']>(action: ActionOf<K>, context: ModuleContext): void {
  const module = modules[action.kind] as (action: ActionOf<K>, context: ModuleContext) => void
  module(action, context)
}

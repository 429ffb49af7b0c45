import type { TestContext } from 'node:test'
import type { Host } from '../host/host.ts'
import { nodeHost } from '../host/node.ts'
import { rootedHost } from './rooted-host.ts'

export interface RootedNode {
  readonly host: Host
  readonly folder: string
}

/**
 * A host for tests with a temporary folder as `/`, a real clock and real programs. Paths below /run and /oem in what they are
 * told lead into the folder.
 */
export function rootedNode(
  context: TestContext,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): RootedNode {
  const { host, folder } = rootedHost(context, files)
  const node = nodeHost()
  const moved = (text: string) => text.replace(/(^|")(?=\/(?:run|oem)\/)/gm, `$1${folder}`)
  const run: Host['run'] = ([program, ...args], options) =>
    node.run([program, ...args.map(moved)], {
      ...options,
      ...(options?.input === undefined ? {} : { input: moved(options.input) }),
    })
  return { host: { ...host, run, uptime: node.uptime, sleep: node.sleep }, folder }
}

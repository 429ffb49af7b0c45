import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Actor } from '../cloud-config/operations/actor.ts'
import { execute } from '../cloud-config/operations/execute.ts'
import type { Operation } from '../cloud-config/operations/operation.ts'
import type { Host } from '../host/host.ts'
import { nodeHost } from '../host/node.ts'
import { type Program, rootedHost } from './rooted-host.ts'

/** A machine in a folder; programs are played. */
export function playedActor(
  context: TestContext,
  files: Readonly<Record<string, string>> = {},
  program?: Program,
) {
  const rooted = rootedHost(context, files, program)
  return { ...rooted, ...actorOf(rooted.host, '') }
}

/** Node's own host below a folder; programs are the real ones. */
export function realActor(context: TestContext, change: Partial<Host> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-operation-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return { folder, ...actorOf({ ...nodeHost(), ...change }, folder) }
}

function actorOf(host: Host, root: string) {
  const warnings: string[] = []
  const actor: Actor = {
    ...{ host, root, shell: ['/bin/sh'] },
    warn: (text) => void warnings.push(text),
    timeoutMs: 60_000,
  }
  return { actor, warnings, act: (operation: Operation) => execute(operation, actor) }
}

import { runStage } from './cloud-config/run-stage.ts'
import { nodeStages } from './cloud-config/schema.ts'
import { sourcesOf } from './cloud-config/sources.ts'
import type { Host } from './host/host.ts'
import { runInitramfs } from './initramfs/boot.ts'
import { announceReady } from './ready.ts'
import { nodeState } from './state.ts'
import { version } from './version.ts'

const usageCode = 2

const usage = `kiln-agent: the program on a Kiln node

  kiln-agent state              what this node runs, as JSON
  kiln-agent run-stage STAGE    acts on the cloud-configs: ${nodeStages.join(', ')}
  kiln-agent ready              waits until the system is up and says so on the console
  kiln-agent initramfs          mounts the root; run by /init
  kiln-agent version
`

const verbs: Readonly<Record<string, (host: Host, args: readonly string[]) => number>> = {
  initramfs: (host) => runInitramfs(host),
  'run-stage': runStageVerb,
  ready: (host) => announceReady(host),
  state: (host) => {
    host.print(`${JSON.stringify(nodeState(host), undefined, 2)}\n`)
    return 0
  },
  version: (host) => {
    host.print(`kiln-agent ${version}\n`)
    return 0
  },
  '--version': (host) => verbs.version?.(host, []) ?? 0,
  '--help': (host) => {
    host.print(usage)
    return 0
  },
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood; /init knows one more, see initramfs/boot.ts */
export function main(host: Host): number {
  const [verb, ...args] = host.args
  const action = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (action) return action(host, args)
  host.printError(verb === undefined ? usage : `kiln-agent: unknown command "${verb}"\n\n${usage}`)
  return usageCode
}

function runStageVerb(host: Host, [name, ...more]: readonly string[]): number {
  const stage = nodeStages.find((known) => known === name)
  if (stage === undefined || more.length > 0) {
    host.printError(`kiln-agent: run-stage takes one of: ${nodeStages.join(', ')}\n`)
    return usageCode
  }
  return runStage(host, stage, { sources: sourcesOf(''), root: '', shell: ['/bin/sh'] })
}

import type { Argv, Host } from '../../host/host.ts'
import { exists } from '../../host/tree.ts'
import { readOsRelease } from '../../release-file.ts'
import { readFacts } from '../facts/read-facts.ts'
import type { TemplateHost } from '../template/index.ts'
import { osFacts, type ServiceManager, type StageFacts } from './facts.ts'

/** The facts of this machine, each gathered when it is first asked for. */
export function nodeFacts(host: Host, root: string): StageFacts {
  const machine = once(() => readFacts(host))
  const os = once(() => osFacts(readOsRelease(host, root)))
  return {
    get machine() {
      return machine()
    },
    get osNames() {
      return os().osNames
    },
    get osVersions() {
      return os().osVersions
    },
    get osIds() {
      return os().osIds
    },
    get serviceManager() {
      return serviceManager(host, root)
    },
    templates: nodeTemplates(host),
  }
}

/** As in the field: where both are there, nobody knows which one rules. */
function serviceManager(host: Host, root: string): ServiceManager | undefined {
  const has = (program: string) =>
    ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].some((folder) => exists(host, `${root}${folder}/${program}`))
  const [systemd, openrc] = [has('systemctl'), has('openrc')]
  if (systemd === openrc) return undefined
  return systemd ? 'systemd' : 'openrc'
}

/** Digests by the programs that every image has, chance from the kernel. */
export function nodeTemplates(host: Host): TemplateHost {
  return {
    digest: (algorithm, text) => {
      const argv: Argv = [`${algorithm}sum`]
      const { code, stdout } = host.run(argv, { input: text })
      const digest = stdout.match(/^[0-9a-f]+/)?.[0]
      if (code !== 0 || digest === undefined) throw new Error(`${argv[0]} ended with ${code}`)
      return digest
    },
    env: (name) => host.env(name),
    now: () => host.now(),
    random: (limit) => {
      const bytes = host.readBytes('/dev/urandom', 0, 6)
      return bytes.reduce((number, byte) => number * 256 + byte, 0) % limit
    },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

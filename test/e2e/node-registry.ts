import { after } from 'node:test'
import { debianRoot } from './debian-root.ts'
import { kiln } from './harness.ts'
import { type Registry, startRegistry } from './registry.ts'

export interface NodeRegistry {
  /** As this machine reaches it. */
  readonly host: string
  /** As a guest reaches it: through the gateway of QEMU's user network. */
  readonly fromGuest: string
}

/** An address that QEMU gives to the machine it runs on. */
export const gateway = '10.0.2.2'

const registries: Registry[] = []

after(async () => {
  for (const registry of registries) await registry.stop()
})

/** A real registry for the nodes of a test file, over plain HTTP, until the file ends. */
export async function nodeRegistry(folder: string): Promise<NodeRegistry> {
  const tools = await debianRoot(['docker-registry', 'mount'])
  const registry = await startRegistry({ tools: tools.whole, folder })
  registries.push(registry)
  return { host: registry.host, fromGuest: registry.host.replace('127.0.0.1', gateway) }
}

/** Builds and pushes. @returns the reference by digest, as a guest names it */
export async function pushNode(registry: NodeRegistry, definition: string): Promise<string> {
  const environment = { KILN_REGISTRY_INSECURE: '1' }
  const name = 'kiln/debian'
  const result = (await kiln(['push', `${registry.host}/${name}`, definition, '--yes'], {
    env: environment,
  })) as { readonly images: readonly { readonly digest: string }[] }
  return `oci:${registry.fromGuest}/${name}@${result.images[0]?.digest}`
}

import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import type { Identity } from './authorization.ts'
import { BadCredentials, credentialsIn } from './credentials.ts'
import { SourceError } from './error.ts'

/** Kiln's own file of credentials; a cloud-config writes it. */
export const ownAuthFile = '/etc/kiln/registry-auth.json'

/** Where credentials may be, in the order in which they count: Kiln's own, and what docker and podman use. */
export function authFiles(host: Pick<Host, 'env'>): string[] {
  const named = host.env('REGISTRY_AUTH_FILE')
  const docker = host.env('DOCKER_CONFIG')
  const home = host.env('HOME') ?? '/root'
  return [
    ...(named ? [named] : []),
    ownAuthFile,
    docker ? `${docker}/config.json` : `${home}/.docker/config.json`,
    `${home}/.config/containers/auth.json`,
  ]
}

/**
 * The first file that has credentials for a repository.
 * @throws SourceError bad-settings; what is in the file is never quoted
 */
export function identify(
  host: Host,
  files: readonly string[],
  registry: string,
  repository: string,
): Identity | undefined {
  for (const file of files) {
    const text = readIfThere(host, file)
    if (text === undefined) continue
    const credentials = readCredentials(text, file, registry, repository)
    if (credentials) return { credentials, file }
  }
  return undefined
}

function readCredentials(text: string, file: string, registry: string, repository: string) {
  try {
    return credentialsIn(text, registry, repository)
  } catch (error) {
    if (!(error instanceof BadCredentials)) throw error
    throw new SourceError('bad-settings', `${file} is not what docker login writes`)
  }
}

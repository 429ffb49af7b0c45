import { formatPlace } from '@kiln/contract'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { type Host, HostError } from '../host/host.ts'
import { configFiles, sourcesOf } from './sources.ts'

export interface ReadConfig {
  readonly file: string
  readonly config: CloudConfig
}

/**
 * The cloud-configs of a running system, in the order in which they act. What is not understood is left out: a command must
 * work on a node whose configuration is half broken.
 * @param warn is told of what was left out
 */
export function readConfigs(host: Host, warn: (text: string) => void = () => {}): ReadConfig[] {
  return sourcesOf('')
    .flatMap((folder) => configFiles(host, folder))
    .flatMap((file) => {
      const config = readConfig(host, file, warn)
      return config ? [{ file, config }] : []
    })
}

function readConfig(host: Host, file: string, warn: (text: string) => void): CloudConfig | undefined {
  try {
    const result = parseCloudConfig(host.readText(file), file)
    if (result.kind === 'parsed') return result.document.value
    for (const { message, place } of result.kind === 'invalid' ? result.findings : []) {
      warn(`${place ? formatPlace(place) : file}: ${message}`)
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    warn(error.message)
  }
  return undefined
}

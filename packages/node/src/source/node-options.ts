import { architectureBy } from '@kiln/contract'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Host } from '../host/host.ts'
import { readRelease } from '../release-file.ts'
import { authFiles } from './identity.ts'
import type { SourceOptions } from './open.ts'
import { usualPatience } from './wire.ts'

/** In memory, and gone with the next boot. */
const workFolder = '/run/kiln/source'

/**
 * How this node reaches sources: by `kiln.registries` of its cloud-configs, of which a later one counts for more, and by the
 * credentials that are on it.
 * @param allowInsecure a person allowed connections without encryption
 */
export function nodeSourceOptions(host: Host, { allowInsecure = false } = {}): SourceOptions {
  const registries = nodeConfig(host).config.kiln?.registries ?? {}
  return {
    arch: readRelease(host).KAIROS_ARCH ?? machineArch(host),
    settings: { registries, allowInsecure },
    authFiles: authFiles(host),
    work: workFolder,
    patience: usualPatience,
  }
}

function machineArch(host: Host): string {
  const name = host.run(['uname', '-m']).stdout.trim()
  return architectureBy('uname', name) ?? name
}

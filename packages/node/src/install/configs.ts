import { formatPlace } from '@kiln/contract'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { configFiles, type SourceFolder, sourcesOf } from '../cloud-config/sources.ts'
import { type Host, HostError } from '../host/host.ts'
import { InstallError } from './error.ts'

/** A cloud-config that says how to install, or goes to the installed system, or both. */
export interface ConfigFile {
  readonly file: string
  readonly text: string
  readonly config: CloudConfig
  /** It is in the image: the installed system has it anyway. */
  readonly inImage: boolean
}

export interface ConfigsResult {
  readonly configs: readonly ConfigFile[]
  readonly warnings: readonly string[]
}

/** Cloud-configs of the image itself. */
export const imageConfigs = '/system/oem'

/**
 * The cloud-configs of this system in the order in which they act, or those of the image and one that is named. All have to
 * be understood: the one that is not may be the one that lets somebody in.
 * @throws InstallError bad-config with every finding
 */
export function readInstallConfigs(host: Host, named: string | undefined): ConfigsResult {
  const sources = sourcesOf('')
  const all = sources.flatMap((source) =>
    configFiles(host, source).map((file) => ({ file, inImage: isImage(source) })),
  )
  const wanted =
    named === undefined ? all : [...all.filter(({ inImage }) => inImage), { file: named, inImage: false }]
  const judged = wanted.map((source) => judge(host, source, source.file === named))
  const problems = judged.flatMap((one) => ('problems' in one ? one.problems : []))
  if (problems.length > 0) throw new InstallError('bad-config', problems.join('\n'))
  return {
    configs: judged.flatMap((one) => ('config' in one ? [one] : [])),
    warnings: judged.flatMap((one) => ('warning' in one ? [one.warning] : [])),
  }
}

type Judged = ConfigFile | { readonly warning: string } | { readonly problems: readonly string[] }

function judge(
  host: Host,
  { file, inImage }: Pick<ConfigFile, 'file' | 'inImage'>,
  isNamed: boolean,
): Judged {
  const text = read(host, file)
  const result = parseCloudConfig(text, file)
  if (result.kind === 'parsed') return { file, text, config: result.document.value, inImage }
  if (result.kind === 'no-header') {
    const message = `${file} has no #cloud-config in its first 10 lines`
    return isNamed ? { problems: [message] } : { warning: `${message}, so it is left out` }
  }
  return {
    problems: result.findings.map(({ message, place, hint }) =>
      [place ? formatPlace(place) : file, message, hint].filter(Boolean).join(': '),
    ),
  }
}

function isImage({ path }: SourceFolder): boolean {
  return path === imageConfigs
}

function read(host: Host, file: string): string {
  try {
    return host.readText(file)
  } catch (error) {
    if (error instanceof HostError) throw new InstallError('bad-config', `${error.message}.`, error)
    throw error
  }
}

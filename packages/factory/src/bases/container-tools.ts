import { join } from 'node:path'
import { type Mount, runInSandbox, type SandboxRunOptions } from '../sandbox/sandbox.ts'
import type { RunResult } from '../tools/process.ts'
import { explainSkopeo, redactAddresses, type SkopeoAccess } from '../tools/skopeo.ts'
import type { RegistryAccess } from './registry-access.ts'

/**
 * What the container tools are made of: Debian packages of the toolchain's suite. A root of its own, beside the toolchain:
 * few definitions need it.
 */
export const containerToolPackages = [
  'ca-certificates', // authorities, where the machine keeps none
  'skopeo',
  'zstd', // unpacks gzip and xz, too
] as const

/** Result of a toolchain step with those packages. */
export interface ContainerTools {
  readonly folder: string
}

/** Where sandboxes see what they work on: below `/run`, which is empty in every sandbox. */
export const workFolder = '/run/work'

export function toolsRoot(tools: ContainerTools): string {
  return join(tools.folder, 'root')
}

export interface SkopeoRun extends SandboxRunOptions {
  readonly tools: ContainerTools
  /** For large temporary files. */
  readonly scratch: string
  readonly mounts: readonly Mount[]
  readonly network: boolean
  readonly access: RegistryAccess
  /** Name of the base in errors. */
  readonly what: string
}

/** Runs skopeo. Errors as {@link explainSkopeo}; addresses in its output lose what may be secret. */
export async function runSkopeo(
  argv: readonly [string, ...string[]],
  options: SkopeoRun,
): Promise<RunResult> {
  const { tools, scratch, mounts, access, what, network, onLine, ...rest } = options
  const upper = { folder: join(scratch, 'upper'), work: join(scratch, 'upper-work') }
  const temporary: Mount = { kind: 'bind', source: scratch, target: `${workFolder}/tmp` }
  const sandbox = {
    root: { layers: [toolsRoot(tools)] as const, upper },
    mounts: [temporary, ...accessMounts(access), ...mounts],
    network,
    scratch,
  }
  return runInSandbox(sandbox, ['sh', '-euc', resolveAsOutside, 'sh', ...argv], {
    ...rest,
    env: {
      ...(access.trustFile ? { SSL_CERT_FILE: `${workFolder}/trust.crt` } : {}),
    },
    onLine: (line) => onLine?.(redactAddresses(line)),
    explain: (output) => (/^unshare: /m.test(output) ? undefined : explainSkopeo(output, what, network)),
  })
}

/** Names of machines mean in the sandbox what they mean outside. */
const resolveAsOutside = `
for file in resolv.conf hosts; do
  if [ -e /run/work/etc/$file ]; then rm -f /etc/$file; cp /run/work/etc/$file /etc/$file; fi
done
exec "$@"
`

/** Where the sandbox of skopeo sees the files of {@link RegistryAccess}. */
export function accessInside(access: RegistryAccess): SkopeoAccess {
  return {
    authFile: access.authFile && `${workFolder}/auth.json`,
    registriesConf: access.registriesConf && `${workFolder}/registries.conf`,
    certFolder: access.certFolder && `${workFolder}/certs`,
    allowInsecure: access.allowInsecure,
  }
}

function accessMounts(access: RegistryAccess): Mount[] {
  const file = (source: string | undefined, name: string): Mount[] =>
    source === undefined ? [] : [{ kind: 'file-ro', source, target: `${workFolder}/${name}` }]
  const { authFile, registriesConf, trustFile, certFolder } = access
  const certs: Mount[] =
    certFolder === undefined ? [] : [{ kind: 'bind-ro', source: certFolder, target: `${workFolder}/certs` }]
  return [
    ...file(authFile, 'auth.json'),
    ...file(registriesConf, 'registries.conf'),
    ...file(trustFile, 'trust.crt'),
    ...certs,
  ]
}

import { printYamlText } from '@kiln/contract/yaml/print'
import type { Metadata } from './metadata.ts'
import type { Userdata } from './userdata.ts'

/** A file to be written, whole. */
export interface PlannedFile {
  readonly path: string
  readonly content: string | Uint8Array
  readonly mode: number
}

/** Where the field's own tools look for them. */
export const runConfig = '/run/config'
const secret = 0o600
const program = 0o700
const open = 0o644

/**
 * The files that come of user data, in a folder where cloud-configs are read: what was given, as it came, and what acts.
 * Everything may hold secrets. The names are in the order in which they act: what the user wrote counts for more than
 * what the platform says.
 * @param text the user data, unpacked; undefined where there is none
 */
export function plannedFiles(
  folder: string,
  userdataName: string,
  found: Metadata,
  data: { readonly text: string; readonly parts: Userdata } | undefined,
): PlannedFile[] {
  const { cloudConfigs, scripts } = data?.parts ?? { cloudConfigs: [], scripts: [] }
  const base = userdataName.replace(/\.ya?ml$/, '')
  return [
    ...platformConfig(folder, found),
    ...(data ? [{ path: `${folder}/userdata`, content: data.text, mode: secret }] : []),
    ...(found.vendordata ? [{ path: `${folder}/vendordata`, content: found.vendordata, mode: secret }] : []),
    ...cloudConfigs.map((content, index) => ({
      path: index === 0 ? `${folder}/${userdataName}` : `${folder}/${base}_${number(index)}.yaml`,
      content,
      mode: secret,
    })),
    ...scripts.map((content, index) => ({ path: scriptPath(folder, index), content, mode: program })),
    ...scriptSteps(folder, base, scripts.length),
  ]
}

/** What the platform says of the machine, as a cloud-config like any other. */
function platformConfig(folder: string, { hostname, publicKeys }: Metadata): PlannedFile[] {
  if (hostname === undefined && publicKeys.length === 0) return []
  const config = {
    name: 'metadata of the platform',
    ...(hostname === undefined ? {} : { hostname }),
    ...(publicKeys.length === 0 ? {} : { ssh_authorized_keys: publicKeys }),
  }
  const content = `#cloud-config\n${printYamlText(config)}`
  return [{ path: `${folder}/metadata.yaml`, content, mode: secret }]
}

/** A script runs once for each instance, when the network is up, as a step that is recorded like any other. */
function scriptSteps(folder: string, base: string, count: number): PlannedFile[] {
  if (count === 0) return []
  const steps = Array.from({ length: count }, (_, index) => {
    const path = scriptPath(folder, index)
    return {
      name: `script ${index + 1} of the user data`,
      if: `! test -e ${path}.done`,
      commands: [`${path}; code=$?; : >${path}.done; exit $code`],
    }
  })
  const content = `#cloud-config\n${printYamlText({ stages: { network: steps } })}`
  return [{ path: `${folder}/${base}_scripts.yaml`, content, mode: secret }]
}

function scriptPath(folder: string, index: number): string {
  return `${folder}/script_${number(index)}`
}

function number(index: number): string {
  return String(index + 1).padStart(2, '0')
}

/** What programs on the node may want to know: gone with the next start, and written anew then. */
export function runFiles({ hostname, publicKeys, extras, vendordata }: Metadata): PlannedFile[] {
  return [
    ...(hostname === undefined ? [] : [{ path: 'hostname', content: `${hostname}\n`, mode: open }]),
    ...(publicKeys.length === 0
      ? []
      : [{ path: 'ssh/authorized_keys', content: `${publicKeys.join('\n')}\n`, mode: secret }]),
    ...(vendordata ? [{ path: 'vendordata', content: vendordata, mode: secret }] : []),
    // Not what a platform chooses: a name with a slash would be a file somewhere else.
    ...Object.entries(extras)
      .filter(([name]) => /^[a-z0-9_]+$/.test(name))
      .map(([name, value]) => ({ path: name, content: `${value}\n`, mode: open })),
  ].map((file) => ({ ...file, path: `${runConfig}/${file.path}` }))
}

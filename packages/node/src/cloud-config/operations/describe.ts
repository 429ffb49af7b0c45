import type { Operation, OperationOf, Ownership } from './operation.ts'

/** One line for each kind of operation, for people who want to know what would be done. Secrets are not shown. */
const texts: { readonly [K in Operation['kind']]: (operation: OperationOf<K>) => string } = {
  directory: ({ path, mode, ownership }) => `make the folder ${path}${modeText(mode)}${ownerText(ownership)}`,
  file: ({ path, content, mode, encoding, ownership }) => {
    const size =
      encoding === 'plain'
        ? `${content.split('\n').length - (content.endsWith('\n') ? 1 : 0)} lines`
        : encoding
    return `write ${path}${modeText(mode)}${ownerText(ownership)}: ${size}`
  },
  environment: ({ path, values }) => `set in ${path}: ${Object.keys(values).join(', ')}`,
  download: ({ url, path, mode, ownership, checksum }) =>
    `download ${url} to ${path}${modeText(mode)}${ownerText(ownership)}${checksum === undefined ? '' : `, ${checksum}`}`,
  git: ({ url, path, branch }) => `make ${path} the branch ${branch} of ${url}`,
  command: ({ command }) => `run ${typeof command === 'string' ? command : JSON.stringify(command)}`,
  program: ({ argv }) => `run ${argv.join(' ')}`,
  hostname: ({ name }) => `set the host name ${name}`,
  user: ({ user }) => {
    const groups = [user.groups ?? []].flat().join(', ')
    return `ensure the user ${user.name}${groups === '' ? '' : ` in ${groups}`}`
  },
  keys: ({ user, keys }) =>
    `give ${user} ${keys.length === 1 ? 'a key' : `${keys.length} keys`}: ${keys.map(keyName).join(', ')}`,
  'fetch-keys': ({ user, url }) => `give ${user} the keys of ${url}`,
  'ensure-entity': ({ path, fields }) => `ensure ${fields[0]} in ${path}`,
  'delete-entity': ({ path, fields }) => `take ${fields[0]} out of ${path}`,
  'kernel-setting': ({ key, value }) => `set ${key} = ${value}`,
  'kernel-module': ({ name, parameters }) => `load the kernel module ${[name, ...parameters].join(' ')}`,
  layout: ({ layout }) => {
    const { device, add_partitions: added = [], expand_partition: expand } = layout
    const names = added.map(
      ({ pLabel, fsLabel, size = 0 }) => `${pLabel ?? fsLabel ?? 'a partition'} (${sizeText(size)})`,
    )
    const parts = [
      ...(names.length === 0 ? [] : [`add ${names.join(', ')}`]),
      ...(expand ? [`grow the last partition to ${sizeText(expand.size ?? 0)}`] : []),
    ]
    return `on the disk ${device?.path ?? device?.label ?? '?'}: ${parts.join(' and ') || 'nothing'}`
  },
  'unpack-image': ({ source, target }) => `unpack the image ${source} into ${target}`,
  'boot-options': ({ values }) => `set options of the boot loader: ${Object.keys(values).join(', ')}`,
  bundle: ({ target, folder }) =>
    target.startsWith('run://') ? `run the bundle ${target}` : `bring the bundle ${target} into ${folder}`,
  datasource: ({ config }) =>
    `ask for user data: ${(config.providers ?? []).join(', ') || 'all that seem to be there'}`,
  impossible: ({ message }) => `cannot be done: ${message}`,
}

export function operationText<K extends Operation['kind']>(operation: OperationOf<K>): string {
  const text = texts[operation.kind] as (operation: OperationOf<K>) => string
  return text(operation)
}

function modeText(mode: number | undefined): string {
  return mode === undefined ? '' : ` (${mode.toString(8).padStart(4, '0')})`
}

function ownerText({ owner, group, ownerstring }: Ownership): string {
  const text = ownerstring ?? [owner, group].filter((part) => part !== undefined).join(':')
  return text === '' ? '' : ` for ${text}`
}

/** A public key by its comment, or its kind. */
function keyName(key: string): string {
  const [kind = '', , ...comment] = key.split(/\s+/)
  return comment.join(' ') || kind
}

function sizeText(mebibytes: number): string {
  return mebibytes === 0 ? 'all that is left' : `${mebibytes} MiB`
}

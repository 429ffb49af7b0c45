import type { Finding, Place } from '../error.ts'
import { unknownKey } from '../issues.ts'
import type { JudgeOptions } from './judge.ts'
import { CloudConfig } from './schema/cloud-config.ts'
import { emptyTree, type MapTree, plainOf, sourceOf, type Tree, treeAt } from './tree.ts'
import type { Warning } from './warnings.ts'

interface Sorted {
  readonly own: MapTree
  /** Blocks that are none of Kiln's business. */
  readonly foreign: MapTree['entries']
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

/** Keys of cloud-init that the field does not have either, with what to do. */
const advice: Readonly<Record<string, string>> = {
  bootcmd: 'put the commands into a step of stages.boot.before',
  packages: 'add the packages to the image, or use "packages" in a step',
  package_update: 'add the packages to the image, or use "packages" in a step',
  ntp: 'use "timesyncd" in a step',
  timezone: 'use "systemd_firstboot: {timezone: …}" in a step, or set it in the image',
  locale: 'use "systemd_firstboot: {locale: …}" in a step, or set it in the image',
  mounts: 'use install.bind_mounts, or a command in a step',
  disk_setup: 'use "layout" in a step of stages.rootfs, or install.extra-partitions',
  fs_setup: 'use "layout" in a step of stages.rootfs, or install.extra-partitions',
  network: 'write the files of your network manager in a step of stages.initramfs',
  power_state: 'use install.reboot or install.poweroff',
  chpasswd: 'use users[].passwd with a hash',
  phone_home: 'use "phonehome"',
  platform: 'take it out: the field knows it and nothing reads it',
  fullcloudconfig: 'take it out: the field knows it and nothing reads it',
  milpa_files: 'it is called "write_files"; kiln cloud-config migrate renames it',
}

/** Tells apart what the schema judges, what is free (`x-…`), what belongs to a provider, and what nobody knows. */
export function strangeBlocks(tree: Tree, options: JudgeOptions): Sorted {
  const isEmpty = tree.kind === 'scalar' && (tree.value === null || tree.value === undefined)
  if (isEmpty) return { own: emptyTree, foreign: new Map(), errors: [], warnings: [] }
  const source = sourceOf(tree)
  if (tree.kind !== 'map') {
    const message = 'the document must be a map'
    return {
      own: emptyTree,
      foreign: new Map(),
      errors: [{ code: 'E-CONFIG-WRONG-TYPE', message, place: source.placeOf([]) }],
      warnings: [],
    }
  }
  const allowed = new Set([...(options.providerBlocks ?? []), ...declaredBlocks(tree)])
  const known = CloudConfig.shape as Readonly<Record<string, unknown>>
  const foreign = new Map<string, Tree>()
  const own = new Map<string, Tree>()
  const findings: Finding[] = []
  for (const [key, value] of tree.entries) {
    if (Object.hasOwn(known, key)) own.set(key, value)
    else if (key.startsWith('x-') || allowed.has(key)) foreign.set(key, value)
    else findings.push(strangeKey(key, source.placeOfKey([], key)))
  }
  return {
    own: { ...tree, entries: own },
    foreign,
    errors: options.lenient ? [] : findings,
    warnings: options.lenient ? findings.map((finding) => ({ ...finding, code: 'W-UNKNOWN-KEY' })) : [],
  }
}

function strangeKey(key: string, place: Place): Finding {
  const hint = Object.hasOwn(advice, key) ? advice[key] : undefined
  return { ...unknownKey(key, [], CloudConfig, place), ...(hint ? { hint } : {}) }
}

/** `kiln.provider-blocks` of a file. */
export function declaredBlocks(tree: Tree): string[] {
  const list = treeAt(tree, ['kiln', 'provider-blocks'])
  const blocks = list ? plainOf(list) : []
  return Array.isArray(blocks) ? blocks.filter((block) => typeof block === 'string') : []
}

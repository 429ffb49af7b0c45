import { pathName } from '../issues.ts'
import { sourceOf, type Tree } from './tree.ts'
import type { Warning } from './warnings.ts'

/**
 * What the schema knows because files of the field have it, and Kiln does not act on, or not yet. `*` is any item.
 * What stands below install, upgrade and stages is told where it is read.
 */
export const noEffect: readonly string[] = [
  'arch',
  'bind-pcrs',
  'bind-public-pcrs',
  'bundles',
  'cloud-init-paths',
  'cluster',
  'cosign',
  'cosign-key',
  'debug',
  'eject-cd',
  'env',
  'fail_on_bundles_errors',
  'grub_options',
  'growpart',
  'k0s',
  'k0s-worker',
  'k3s',
  'k3s-agent',
  'kcrypt',
  'kubevip',
  'logs',
  'options',
  'p2p',
  'phonehome',
  'providers',
  'reset',
  'squash-compression',
  'squash-no-compression',
  'uki-max-entries',
  'users.*.no_log_init',
  'users.*.no_user_group',
  'users.*.sudo',
  'users.*.system',
  'verify',
]

const patterns = noEffect.map((pattern) => pattern.split('.'))

export function noEffectWarnings(tree: Tree): Warning[] {
  const source = sourceOf(tree)
  return patterns
    .flatMap((pattern) => matches(tree, pattern, []))
    .map((path): Warning => {
      const key = String(path.at(-1))
      return {
        code: 'W-NO-EFFECT',
        message: `${pathName(path)} has no effect here yet`,
        place: source.placeOfKey(path.slice(0, -1), key),
        ...(key === 'sudo' ? { hint: 'put the user into the group admin or sudo' } : {}),
      }
    })
}

function matches(
  tree: Tree,
  [part, ...rest]: readonly string[],
  path: readonly (string | number)[],
): (string | number)[][] {
  if (part === undefined) {
    return tree.kind === 'scalar' && tree.value === null ? [] : [[...path]]
  }
  if (part === '*') {
    return tree.kind === 'list'
      ? tree.items.flatMap((item, index) => matches(item, rest, [...path, index]))
      : []
  }
  const next = tree.kind === 'map' ? tree.entries.get(part) : undefined
  return next ? matches(next, rest, [...path, part]) : []
}
